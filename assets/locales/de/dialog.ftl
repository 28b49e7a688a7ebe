# Deutsch, mit „Sie“, wie es Programme für den Schreibtisch im Deutschen halten. Ein Absturz ist niemandes Schuld.

## What happened

headline_crash = { $app } wurde unerwartet beendet
headline_error = In { $app } ist ein Fehler aufgetreten
headline_hang = { $app } hat nicht reagiert

happened_memory = Das Programm hat auf Speicher zugegriffen, der ihm nicht gehört.
happened_memory_at = Das Programm hat auf Speicher zugegriffen, der ihm nicht gehört (Adresse { $address }).
happened_arithmetic = Das Programm hat etwas Unmögliches berechnet, zum Beispiel durch null geteilt.
happened_instruction = Das Programm ist auf eine Anweisung gestoßen, die nicht ausgeführt werden kann.
happened_instruction_at = Das Programm ist auf eine Anweisung gestoßen, die nicht ausgeführt werden kann (Adresse { $address }).
happened_gave_up = Das Programm hat einen Fehler gefunden, mit dem es nicht weiterarbeiten konnte, und hat aufgegeben.
happened_gave_up_saying = Das Programm hat einen Fehler gefunden, mit dem es nicht weiterarbeiten konnte: { $message }
happened_error = Das Programm läuft weiter, aber intern ist etwas fehlgeschlagen.
happened_error_saying = Das Programm läuft weiter, aber intern ist etwas fehlgeschlagen: { $message }
happened_hang = Das Programm war beschäftigt oder hat intern auf etwas gewartet und eine Weile nicht reagiert.
happened_other = Das Programm wurde wegen eines internen Fehlers beendet.

## The question

comment_label = Was haben Sie gerade gemacht? (freiwillig)
comment_hint = Ein paar Worte helfen, die Ursache zu finden.
restart = { $app } neu starten
reopens = { $app } öffnet dann wieder: { $documents }
always = Immer so verfahren, ohne zu fragen
always_means = Spätere Berichte von { $app } und die, die noch warten, werden dann gesendet oder gelöscht, wie Sie es jetzt wählen.
consent = Ohne Ihre Zustimmung wird nichts gesendet.
destination = Berichte gehen an { $server }.
destination_developers = Berichte gehen an die Entwickler des Programms.
privacy_policy = Datenschutzerklärung
send = Bericht senden
dont_send = Nicht senden
later = Schließen Sie dieses Fenster, um beim nächsten Start wieder gefragt zu werden.
not_saved = Ihre Antwort konnte nicht gespeichert werden, und es wurde nichts gesendet: { $why }. Bitte versuchen Sie es noch einmal.

## What would be sent

details = Was gesendet würde
summary = Zusammenfassung
key_app = Programm
key_release = Version
key_what = Art
key_server = Geht an
key_comment = Ihr Kommentar
no_comment = keiner
developers = die Entwickler
kind_crash = Absturz
kind_panic = Absturz (das Programm hat einen Fehler in sich gefunden)
kind_error = Fehler (das Programm lief weiter)
kind_hang = Hänger (das Programm hat nicht reagiert und lief dann weiter)
stack = Wo es passiert ist
stack_pending = Der Aufrufstapel wird ermittelt …
stack_empty = Der Aufrufstapel konnte nicht ermittelt werden. Der Bericht ist trotzdem nützlich.
inlined = eingebettet
unknown_function = unbekannte Funktion
unknown_function_in = unbekannte Funktion in { $module }
tags = Merkmale
breadcrumbs = Was davor geschah
files = Dateien
files_more = Sie enthalten mehr, als hier steht: die übrigen Threads, Register und was das Programm über das System notiert hat.
file_minidump = Register, Stapel und Module im Augenblick des Absturzes
file_event = der eigentliche Bericht: Version, System, Merkmale und was davor geschah
file_stack = die Stapel mit den Namen der Funktionen
tab_context = Merkmale und Umgebung
tab_modules = Module
tab_files = Anhänge
tab_bytes = Bytes
tab_text = Als Text
contexts = Umgebung
nothing_of_this = Davon ist nichts im Bericht.
part_header = die erste Zeile mit der Nummer des Berichts
part_attachment = eine Datei, die das Programm angehängt hat
part_other = ein weiterer Teil des Berichts
files_choose = Was angehakt ist, geht mit.
files_unread = Was gesendet würde, kann nicht gelesen werden: { $why }
event_stays = Der Bericht selbst kann nicht weggelassen werden: Ohne ihn gäbe es nichts zu senden.
minidump_costs = Ohne das Speicherabbild kann niemand in die übrigen Threads sehen oder den Stapel mit besseren Angaben neu ermitteln.
module_at = bei { $address }, { $size }
total = Zusammen { $size }, vor dem Komprimieren.
save_copy = Kopie speichern…
save = Speichern
copy_path = Speichern als
copy_saved = Gespeichert als { $path } ({ $size })
copy_denied = Sie dürfen nicht in den Ordner { $folder } schreiben.
copy_no_folder = Es gibt keinen Ordner { $folder }.
copy_exists = Es gibt schon eine Datei { $path }; sie wurde gelassen, wie sie ist.
copy_full = Für die Kopie ist kein Platz mehr.
copy_failed = Die Kopie konnte nicht gespeichert werden: { $why }
bytes_of = Bytes von
bytes_hex = Zahlen
bytes_letters = Buchstaben
bytes_page = { $from } bis { $to } von { $total }
page_before = Zurück
page_after = Weiter
stream_unknown = unbekannter Abschnitt { $number }
stream_line = { $name } ({ $size }, ab { $offset })
more =
    { $count ->
        [one] und { $count } weiterer Eintrag, der auch gesendet wird, aber hier nicht steht
       *[other] und { $count } weitere Einträge, die auch gesendet werden, aber hier nicht stehen
    }
more_text = und weitere { $size }, die auch gesendet werden, aber hier nicht stehen

## What was removed

removed = Vor dem Speichern entfernt
removed_environment = Umgebungsvariablen
removed_command_line = die Befehlszeile
removed_open_files = Namen geöffneter Dateien
removed_mapped_files = Namen von Dateien im Speicher, die kein Programmcode sind
removed_user_numbers = Nummern von Benutzer und Gruppe
removed_other = andere Daten des Prozesses
removed_nothing = nichts aus Stapeln und Registern: dieses Programm behält sie ganz
removed_stack_words = was auf den Stapeln weder Adresse noch kleine Zahl ist
removed_register_words = was in Registern weder Adresse noch kleine Zahl ist
removed_vectors = Vektorregister
removed_memory = Speicher, der weder Stapel noch Programmcode ist
removed_unknown_processor = Stapel und Register eines unbekannten Prozessors
removed_deep_stack = der äußere Teil eines Stapels, der tiefer ist, als jemand liest
removed_home = der Name Ihres persönlichen Ordners in Pfaden
removed_passwords = Passwörter in Texten ({ $times })
removed_emails = E-Mail-Adressen in Texten ({ $times })
removed_cloud_keys = Cloud-Schlüssel in Texten ({ $times })
removed_access_tokens = Zugriffstoken in Texten ({ $times })
removed_web_tokens = Web-Token in Texten ({ $times })
removed_private_keys = private Schlüssel in Texten ({ $times })
removed_authorizations = Anmeldedaten in Texten ({ $times })
removed_by_app = was dieses Programm aus Texten entfernen lässt ({ $times })
removed_named = { $name } in Texten ({ $times })
removed_long_texts = was in einem Text länger als { $size } ist
removed_all_texts = alle Texte, deren Durchsicht zu lange gedauert hat

## Sending

sending = Bericht wird gesendet
sending_to = An { $server }
sending_to_developers = An die Entwickler des Programms
preparing = Der Bericht wird vorbereitet …
progress = { $sent } von { $total }
cancel = Abbrechen
cancelling = Wird abgebrochen …
sending_goes_on = Sie können dieses Fenster schließen; das Senden geht weiter.

## How it ended

sent = Gesendet. Vielen Dank.
event_id = Ereignisnummer
event_id_use = Nennen Sie diese Nummer, wenn Sie den Entwicklern dazu schreiben.
copy = Kopieren
copied = Kopiert
open_page = Seite des Berichts öffnen
known = Dieser Absturz ist bekannt.
known_fixed_in = Dieser Absturz ist bekannt und in { $version } behoben.
known_fixed_newest = Dieser Absturz ist bekannt und behoben. Die neueste Version ist { $version }.
known_fixed_soon = Dieser Absturz ist bekannt und wird in einer kommenden Version behoben sein.
get_update = Neue Version holen
waiting = Der Bericht konnte jetzt nicht gesendet werden
waiting_next = Er bleibt auf diesem Computer und wird später noch einmal gesendet.
refused = Der Server hat den Bericht nicht angenommen
refused_next = Er bleibt auf diesem Computer und wird nicht von selbst noch einmal gesendet.
refused_silent = Einen Grund hat er nicht genannt.
cancelled = Das Senden wurde abgebrochen
cancelled_next = Der Bericht bleibt auf diesem Computer; beim nächsten Start werden Sie wieder gefragt.
reporter_gone = Das Programm, das Berichte sendet, läuft nicht mehr.
close = Schließen

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } Byte
       *[other] { $count } Byte
    }
size_kilobytes = { $amount } kB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] senden, [d] nicht senden, [l] später fragen, [v] zeigen, was gesendet würde:
terminal_choices_raw = [s] senden, [d] nicht senden, [l] später fragen, [v] zeigen, was gesendet würde, [w] den ganzen Bericht als Text, [c] Kopie speichern:
terminal_again = Bitte antworten Sie mit s, d, l oder v.
terminal_again_raw = Bitte antworten Sie mit s, d, l, v, w oder c.
terminal_restart = { $app } neu starten? [j/N]
terminal_always = Immer so verfahren, ohne zu fragen? Spätere Berichte und die, die noch warten, werden dann gesendet oder gelöscht, wie Sie es jetzt gewählt haben. [j/N]
terminal_copy = Kopie speichern als (leere Zeile: { $path }):
terminal_yes = j ja
terminal_sending = Wird gesendet …
terminal_sent = Gesendet, vielen Dank. Ereignisnummer: { $event_id }
terminal_waiting = Der Bericht konnte jetzt nicht gesendet werden; er bleibt hier und wird später noch einmal gesendet.
terminal_refused = Der Server hat den Bericht nicht angenommen; er bleibt auf diesem Computer.
terminal_cancelled = Das Senden wurde abgebrochen; der Bericht bleibt hier.
terminal_kept = Auf diesem Computer liegt ein Absturzbericht; es wurde nichts gesendet.
terminal_look = Zum Ansehen, Senden oder Löschen: { $command }
