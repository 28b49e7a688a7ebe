# Italiano, in forma impersonale, come si usa nei programmi: frasi brevi, imperativo sui pulsanti (Invia, Chiudi), mai «tu».

## What happened

headline_crash = { $app } si è chiuso in modo imprevisto
headline_error = { $app } ha riscontrato un problema
headline_hang = { $app } non rispondeva

happened_memory = Il programma ha tentato di usare memoria che non gli appartiene.
happened_memory_at = Il programma ha tentato di usare memoria che non gli appartiene (indirizzo { $address }).
happened_arithmetic = Il programma ha eseguito un calcolo impossibile, come una divisione per zero.
happened_instruction = Il programma è arrivato a un’istruzione che non può essere eseguita.
happened_instruction_at = Il programma è arrivato a un’istruzione che non può essere eseguita (indirizzo { $address }).
happened_gave_up = Il programma ha trovato un errore da cui non poteva riprendersi e si è arreso.
happened_gave_up_saying = Il programma ha trovato un errore da cui non poteva riprendersi: { $message }
happened_error = Il programma ha continuato, ma al suo interno qualcosa non è riuscito.
happened_error_saying = Il programma ha continuato, ma al suo interno qualcosa non è riuscito: { $message }
happened_hang = Il programma era occupato o in attesa di qualcosa e per un po’ non ha risposto.
happened_other = Il programma è terminato a causa di un errore interno.

## The question

comment_label = Che cosa si stava facendo? (facoltativo)
comment_hint = Poche parole aiutano a trovare la causa.
restart = Riavvia { $app }
reopens = { $app } si riaprirà con: { $documents }
always = Fare sempre così, senza chiedere
always_means = Le prossime segnalazioni di { $app }, e quelle in attesa, saranno allora inviate o eliminate secondo la scelta fatta ora.
consent = Nulla viene inviato senza il consenso.
destination = Le segnalazioni vengono inviate a { $server }.
destination_developers = Le segnalazioni vengono inviate agli sviluppatori del programma.
privacy_policy = Informativa sulla privacy
send = Invia segnalazione
dont_send = Non inviare
later = Chiudere questa finestra per rimandare la domanda al prossimo avvio.
not_saved = Non è stato possibile salvare la risposta e non è stato inviato nulla: { $why }. Riprovare.

## What would be sent

details = Che cosa verrebbe inviato
summary = Riepilogo
key_app = Programma
key_release = Versione
key_what = Tipo
key_server = Inviata a
key_comment = Commento
no_comment = nessuno
developers = gli sviluppatori
kind_crash = Arresto anomalo
kind_panic = Arresto anomalo (il programma ha trovato un errore in sé stesso)
kind_error = Errore (il programma ha continuato)
kind_hang = Blocco (il programma non ha risposto, poi ha continuato)
stack = Dove è successo
stack_pending = Ricostruzione della pila delle chiamate…
stack_empty = Non è stato possibile ricostruire la pila delle chiamate. La segnalazione è comunque utile.
inlined = incorporata
unknown_function = funzione sconosciuta
unknown_function_in = funzione sconosciuta in { $module }
tags = Etichette
breadcrumbs = Che cosa è successo prima
files = File
files_more = Contengono più di quanto elencato qui: gli altri thread, i registri e ciò che il programma ha annotato del sistema.
file_minidump = registri, pile e moduli al momento dell’arresto
file_event = la segnalazione vera e propria: versione, sistema, etichette e che cosa è successo prima
file_stack = le pile con i nomi delle funzioni
tab_context = Etichette e contesto
tab_modules = Moduli
tab_files = Allegati
tab_bytes = Byte
tab_text = Come testo
contexts = Contesto
nothing_of_this = Nella segnalazione non c’è nulla di questo.
part_header = la prima riga, con il numero della segnalazione
part_attachment = un file allegato dal programma
part_other = un’altra parte della segnalazione
files_choose = Ciò che è selezionato viene inviato.
files_unread = Non è possibile leggere che cosa verrebbe inviato: { $why }
event_stays = La segnalazione stessa non può essere esclusa: senza di essa non ci sarebbe nulla da inviare.
minidump_costs = Senza il minidump nessuno può esaminare gli altri thread o ricalcolare la pila con informazioni migliori.
module_at = a { $address }, { $size }
total = In tutto { $size }, prima della compressione.
save_copy = Salva una copia…
save = Salva
copy_path = Salva come
copy_saved = Salvato come { $path } ({ $size })
copy_denied = Non è consentito scrivere nella cartella { $folder }.
copy_no_folder = La cartella { $folder } non esiste.
copy_exists = Il file { $path } esiste già; è stato lasciato com’è.
copy_full = Non c’è più spazio per la copia.
copy_failed = Non è stato possibile salvare la copia: { $why }
bytes_of = Byte di
bytes_hex = Numeri
bytes_letters = Lettere
bytes_page = Da { $from } a { $to } di { $total }
page_before = Indietro
page_after = Avanti
stream_unknown = flusso sconosciuto { $number }
stream_line = { $name } ({ $size }, da { $offset })
more =
    { $count ->
        [one] e { $count } altro elemento, inviato ma non elencato qui
       *[other] e altri { $count } elementi, inviati ma non elencati qui
    }
more_text = e altri { $size }, inviati ma non mostrati qui

## What was removed

removed = Rimosso prima del salvataggio
removed_environment = variabili d’ambiente
removed_command_line = la riga di comando
removed_open_files = nomi dei file aperti
removed_mapped_files = nomi dei file in memoria che non sono codice
removed_user_numbers = numeri dell’utente e del gruppo
removed_other = altri dati del processo
removed_nothing = nulla da pile e registri: questo programma li conserva interi
removed_stack_words = ciò che nelle pile non è un indirizzo né un numero piccolo
removed_register_words = ciò che nei registri non è un indirizzo né un numero piccolo
removed_vectors = registri vettoriali
removed_memory = memoria che non è né una pila né codice
removed_unknown_processor = pile e registri di un processore sconosciuto
removed_deep_stack = la parte esterna di una pila più profonda di quanto si possa leggere
removed_home = il nome della cartella personale nei percorsi
removed_passwords = password nei testi ({ $times })
removed_emails = indirizzi e-mail nei testi ({ $times })
removed_cloud_keys = chiavi cloud nei testi ({ $times })
removed_access_tokens = token di accesso nei testi ({ $times })
removed_web_tokens = token web nei testi ({ $times })
removed_private_keys = chiavi private nei testi ({ $times })
removed_authorizations = dati di accesso nei testi ({ $times })
removed_by_app = ciò che questo programma fa togliere dai testi ({ $times })
removed_named = { $name } nei testi ({ $times })
removed_long_texts = ciò che in un testo supera { $size }
removed_all_texts = tutti i testi, il cui esame richiedeva troppo tempo

## Sending

sending = Invio della segnalazione
sending_to = A { $server }
sending_to_developers = Agli sviluppatori del programma
preparing = Preparazione della segnalazione…
progress = { $sent } di { $total }
cancel = Annulla
cancelling = Interruzione…
sending_goes_on = Si può chiudere questa finestra; l’invio continua.

## How it ended

sent = Inviata. Grazie.
event_id = Identificativo dell’evento
event_id_use = Indicare questo identificativo se si scrive agli sviluppatori a riguardo.
copy = Copia
copied = Copiato
open_page = Apri la pagina della segnalazione
known = Questo arresto è noto.
known_fixed_in = Questo arresto è noto ed è risolto in { $version }.
known_fixed_newest = Questo arresto è noto ed è risolto. La versione più recente è { $version }.
known_fixed_soon = Questo arresto è noto e sarà risolto in una prossima versione.
get_update = Ottieni la nuova versione
waiting = Ora non è stato possibile inviare la segnalazione
waiting_next = È conservata in questo computer e si riproverà più tardi.
refused = Il server non ha accettato la segnalazione
refused_next = È conservata in questo computer e non sarà inviata di nuovo da sola.
refused_silent = Non ha indicato alcun motivo.
cancelled = L’invio è stato interrotto
cancelled_next = La segnalazione è conservata in questo computer; la domanda verrà riproposta al prossimo avvio.
reporter_gone = Il programma che invia le segnalazioni si è fermato.
close = Chiudi

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } byte
    }
size_kilobytes = { $amount } kB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] invia, [d] non inviare, [l] chiedi più tardi, [v] mostra che cosa verrebbe inviato:
terminal_choices_raw = [s] invia, [d] non inviare, [l] chiedi più tardi, [v] mostra che cosa verrebbe inviato, [w] la segnalazione completa come testo, [c] salva una copia:
terminal_again = Rispondere con s, d, l o v.
terminal_again_raw = Rispondere con s, d, l, v, w o c.
terminal_restart = Riavviare { $app }? [s/N]
terminal_always = Fare sempre così, senza chiedere? Le prossime segnalazioni, e quelle in attesa, saranno allora inviate o eliminate secondo la scelta fatta ora. [s/N]
terminal_copy = Salva la copia come (riga vuota: { $path }):
terminal_yes = s sì si
terminal_sending = Invio in corso…
terminal_sent = Inviata, grazie. Identificativo dell’evento: { $event_id }
terminal_waiting = Ora non è stato possibile inviare la segnalazione; è conservata e si riproverà più tardi.
terminal_refused = Il server non ha accettato la segnalazione; è conservata in questo computer.
terminal_cancelled = L’invio è stato interrotto; la segnalazione è conservata.
terminal_kept = In questo computer è conservata la segnalazione di un arresto anomalo; non è stato inviato nulla.
terminal_look = Per vederla, inviarla o eliminarla: { $command }
