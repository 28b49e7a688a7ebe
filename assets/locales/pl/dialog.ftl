# Polski, bezosobowo i uprzejmie, jak w programach komputerowych: bez „ty” i bez „Pan/Pani”.

## What happened

headline_crash = Program { $app } nieoczekiwanie zakończył działanie
headline_error = W programie { $app } wystąpił problem
headline_hang = Program { $app } nie odpowiadał

happened_memory = Program próbował użyć pamięci, która do niego nie należy.
happened_memory_at = Program próbował użyć pamięci, która do niego nie należy (adres { $address }).
happened_arithmetic = Program wykonał niemożliwe obliczenie, na przykład dzielenie przez zero.
happened_instruction = Program trafił na instrukcję, której nie można wykonać.
happened_instruction_at = Program trafił na instrukcję, której nie można wykonać (adres { $address }).
happened_gave_up = Program wykrył błąd, po którym nie mógł dalej działać, i zakończył pracę.
happened_gave_up_saying = Program wykrył błąd, po którym nie mógł dalej działać: { $message }
happened_error = Program działał dalej, ale coś w nim zawiodło.
happened_error_saying = Program działał dalej, ale coś w nim zawiodło: { $message }
happened_hang = Program był zajęty lub na coś czekał i przez chwilę nie odpowiadał.
happened_other = Program zakończył działanie z powodu błędu wewnętrznego.

## The question

comment_label = Co działo się przed błędem? (opcjonalnie)
comment_hint = Kilka słów pomaga znaleźć przyczynę.
restart = Uruchom ponownie: { $app }
reopens = { $app } otworzy ponownie: { $documents }
always = Zawsze tak postępuj, bez pytania
always_means = Późniejsze raporty programu { $app } i te, które czekają, będą wtedy wysyłane albo usuwane, zależnie od obecnego wyboru.
consent = Bez zgody nic nie zostanie wysłane.
destination = Raporty są wysyłane do { $server }.
destination_developers = Raporty są wysyłane do twórców programu.
privacy_policy = Polityka prywatności
send = Wyślij raport
dont_send = Nie wysyłaj
later = Po zamknięciu tego okna pytanie pojawi się ponownie przy następnym uruchomieniu.
not_saved = Nie udało się zapisać odpowiedzi i nic nie zostało wysłane: { $why }. Proszę spróbować ponownie.

## What would be sent

details = Co zostałoby wysłane
summary = Podsumowanie
key_app = Program
key_release = Wersja
key_what = Rodzaj
key_server = Odbiorca
key_comment = Komentarz
no_comment = brak
developers = twórcy programu
kind_crash = Awaria
kind_panic = Awaria (program wykrył w sobie błąd)
kind_error = Błąd (program działał dalej)
kind_hang = Zawieszenie (program nie odpowiadał, a potem działał dalej)
stack = Gdzie to się stało
stack_pending = Ustalanie stosu wywołań…
stack_empty = Nie udało się ustalić stosu wywołań. Raport mimo to jest przydatny.
inlined = wbudowana
unknown_function = nieznana funkcja
unknown_function_in = nieznana funkcja w { $module }
tags = Etykiety
breadcrumbs = Co działo się wcześniej
files = Pliki
files_more = Zawierają więcej, niż tu widać: pozostałe wątki, rejestry i to, co program zanotował o systemie.
file_minidump = rejestry, stosy i moduły w chwili awarii
file_event = właściwy raport: wersja, system, etykiety i co działo się wcześniej
file_stack = stosy z nazwami funkcji
tab_context = Etykiety i kontekst
tab_modules = Moduły
tab_files = Załączniki
tab_bytes = Bajty
tab_text = Jako tekst
contexts = Kontekst
nothing_of_this = W raporcie nic takiego nie ma.
part_header = pierwszy wiersz, z numerem raportu
part_attachment = plik dołączony przez program
part_other = inna część raportu
files_choose = To, co zaznaczone, zostanie wysłane.
files_unread = Nie można odczytać tego, co zostałoby wysłane: { $why }
event_stays = Samego raportu nie można pominąć: bez niego nie byłoby czego wysłać.
minidump_costs = Bez zrzutu pamięci nikt nie zajrzy do pozostałych wątków ani nie odtworzy stosu na podstawie lepszych informacji.
module_at = pod { $address }, { $size }
total = Razem { $size }, przed kompresją.
save_copy = Zapisz kopię…
save = Zapisz
copy_path = Zapisz jako
copy_saved = Zapisano jako { $path } ({ $size })
copy_denied = Brak uprawnień do zapisu w folderze { $folder }.
copy_no_folder = Folder { $folder } nie istnieje.
copy_exists = Plik { $path } już istnieje; nie został zmieniony.
copy_full = Nie ma już miejsca na kopię.
copy_failed = Nie udało się zapisać kopii: { $why }
bytes_of = Bajty z
bytes_hex = Liczby
bytes_letters = Litery
bytes_page = Od { $from } do { $to } z { $total }
page_before = Wstecz
page_after = Dalej
stream_unknown = nieznany strumień { $number }
stream_line = { $name } ({ $size }, od { $offset })
more =
    { $count ->
        [one] i jeszcze { $count } pozycja, która też zostanie wysłana, ale nie jest tu pokazana
        [few] i jeszcze { $count } pozycje, które też zostaną wysłane, ale nie są tu pokazane
        [many] i jeszcze { $count } pozycji, które też zostaną wysłane, ale nie są tu pokazane
       *[other] i jeszcze { $count } pozycji, które też zostaną wysłane, ale nie są tu pokazane
    }
more_text = i jeszcze { $size }, które też zostanie wysłane, ale nie jest tu pokazane

## What was removed

removed = Usunięte przed zapisaniem
removed_environment = zmienne środowiskowe
removed_command_line = wiersz poleceń
removed_open_files = nazwy otwartych plików
removed_mapped_files = nazwy plików w pamięci, które nie są kodem
removed_user_numbers = numery użytkownika i grupy
removed_other = inne dane procesu
removed_nothing = nic ze stosów i rejestrów: ten program zachowuje je w całości
removed_stack_words = to, co na stosach nie jest adresem ani małą liczbą
removed_register_words = to, co w rejestrach nie jest adresem ani małą liczbą
removed_vectors = rejestry wektorowe
removed_memory = pamięć, która nie jest ani stosem, ani kodem
removed_unknown_processor = stosy i rejestry nieznanego procesora
removed_deep_stack = zewnętrzna część stosu głębszego, niż ktokolwiek czyta
removed_home = nazwa katalogu domowego w ścieżkach
removed_passwords = hasła w tekstach ({ $times })
removed_emails = adresy e-mail w tekstach ({ $times })
removed_cloud_keys = klucze usług w chmurze w tekstach ({ $times })
removed_access_tokens = tokeny dostępu w tekstach ({ $times })
removed_web_tokens = tokeny sieciowe w tekstach ({ $times })
removed_private_keys = klucze prywatne w tekstach ({ $times })
removed_authorizations = dane logowania w tekstach ({ $times })
removed_by_app = to, co ten program każe usuwać z tekstów ({ $times })
removed_named = { $name } w tekstach ({ $times })
removed_long_texts = to, co w jednym tekście przekracza { $size }
removed_all_texts = wszystkie teksty, bo ich przeglądanie trwało zbyt długo

## Sending

sending = Wysyłanie raportu
sending_to = Do { $server }
sending_to_developers = Do twórców programu
preparing = Przygotowywanie raportu…
progress = { $sent } z { $total }
cancel = Anuluj
cancelling = Zatrzymywanie…
sending_goes_on = To okno można zamknąć; wysyłanie będzie trwało dalej.

## How it ended

sent = Wysłano. Dziękujemy.
event_id = Identyfikator zdarzenia
event_id_use = Warto podać ten identyfikator, pisząc w tej sprawie do twórców programu.
copy = Kopiuj
copied = Skopiowano
open_page = Otwórz stronę raportu
known = Ta awaria jest znana.
known_fixed_in = Ta awaria jest znana i naprawiona w wersji { $version }.
known_fixed_newest = Ta awaria jest znana i naprawiona. Najnowsza wersja to { $version }.
known_fixed_soon = Ta awaria jest znana i zostanie naprawiona w jednej z następnych wersji.
get_update = Pobierz nową wersję
waiting = Teraz nie udało się wysłać raportu
waiting_next = Raport pozostaje na tym komputerze; próba zostanie później ponowiona.
refused = Serwer nie przyjął raportu
refused_next = Raport pozostaje na tym komputerze i nie zostanie sam ponownie wysłany.
refused_silent = Serwer nie podał przyczyny.
cancelled = Wysyłanie zatrzymano
cancelled_next = Raport pozostaje na tym komputerze; pytanie pojawi się ponownie przy następnym uruchomieniu.
reporter_gone = Program wysyłający raporty przestał działać.
close = Zamknij

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } bajt
        [few] { $count } bajty
        [many] { $count } bajtów
       *[other] { $count } bajta
    }
size_kilobytes = { $amount } kB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] wyślij, [d] nie wysyłaj, [l] zapytaj później, [v] pokaż, co zostałoby wysłane:
terminal_choices_raw = [s] wyślij, [d] nie wysyłaj, [l] zapytaj później, [v] pokaż, co zostałoby wysłane, [w] cały raport jako tekst, [c] zapisz kopię:
terminal_again = Proszę odpowiedzieć: s, d, l lub v.
terminal_again_raw = Proszę odpowiedzieć: s, d, l, v, w lub c.
terminal_restart = Uruchomić ponownie { $app }? [t/N]
terminal_always = Zawsze tak postępować, bez pytania? Późniejsze raporty i te, które czekają, będą wtedy wysyłane albo usuwane, zależnie od obecnego wyboru. [t/N]
terminal_copy = Zapisz kopię jako (pusty wiersz: { $path }):
terminal_yes = t tak
terminal_sending = Wysyłanie…
terminal_sent = Wysłano, dziękujemy. Identyfikator zdarzenia: { $event_id }
terminal_waiting = Teraz nie udało się wysłać raportu; raport pozostaje, a próba zostanie później ponowiona.
terminal_refused = Serwer nie przyjął raportu; raport pozostaje na tym komputerze.
terminal_cancelled = Wysyłanie zatrzymano; raport pozostaje.
terminal_kept = Na tym komputerze znajduje się raport o awarii; nic nie zostało wysłane.
terminal_look = Aby go obejrzeć, wysłać lub usunąć: { $command }
