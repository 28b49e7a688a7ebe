# Українська, з «ви», як у програмах для робочого столу. Назви програм не відмінюються.

## What happened

headline_crash = Програма { $app } несподівано завершилася
headline_error = У програмі { $app } сталася помилка
headline_hang = Програма { $app } не відповідала

happened_memory = Програма спробувала використати пам’ять, яка їй не належить.
happened_memory_at = Програма спробувала використати пам’ять, яка їй не належить (адреса { $address }).
happened_arithmetic = Програма виконала неможливе обчислення, наприклад ділення на нуль.
happened_instruction = Програма дійшла до інструкції, яку неможливо виконати.
happened_instruction_at = Програма дійшла до інструкції, яку неможливо виконати (адреса { $address }).
happened_gave_up = Програма виявила помилку, після якої не могла працювати далі, і зупинилася.
happened_gave_up_saying = Програма виявила помилку, після якої не могла працювати далі: { $message }
happened_error = Програма працює далі, але всередині стався збій.
happened_error_saying = Програма працює далі, але всередині стався збій: { $message }
happened_hang = Програма була зайнята або на щось чекала й деякий час не відповідала.
happened_other = Програма завершилася через внутрішню помилку.

## The question

comment_label = Що ви робили? (необов’язково)
comment_hint = Кілька слів допоможуть знайти причину.
restart = Перезапустити { $app }
reopens = { $app } відкриє знову: { $documents }
always = Завжди робити так, не питаючи
always_means = Наступні звіти програми { $app } і ті, що чекають, тоді надсилатимуться або вилучатимуться за вашим нинішнім вибором.
consent = Без вашої згоди нічого не надсилається.
destination = Звіти надсилаються на { $server }.
destination_developers = Звіти надсилаються розробникам програми.
privacy_policy = Політика конфіденційності
send = Надіслати звіт
dont_send = Не надсилати
later = Закрийте це вікно, щоб запитання з’явилося знову під час наступного запуску.
not_saved = Не вдалося зберегти вашу відповідь, і нічого не надіслано: { $why }. Спробуйте ще раз.

## What would be sent

details = Що буде надіслано
summary = Підсумок
key_app = Програма
key_release = Версія
key_what = Вид
key_server = Отримувач
key_comment = Ваш коментар
no_comment = немає
developers = розробники
kind_crash = Аварійне завершення
kind_panic = Аварійне завершення (програма виявила в собі помилку)
kind_error = Помилка (програма працювала далі)
kind_hang = Зависання (програма не відповідала, а потім працювала далі)
stack = Де це сталося
stack_pending = Визначається стек викликів…
stack_empty = Стек викликів не вдалося визначити. Звіт усе одно корисний.
inlined = вбудована
unknown_function = невідома функція
unknown_function_in = невідома функція в { $module }
tags = Мітки
breadcrumbs = Що цьому передувало
files = Файли
files_more = Вони містять більше, ніж показано тут: інші потоки, регістри та те, що програма занотувала про систему.
file_minidump = регістри, стеки та модулі в мить аварійного завершення
file_event = власне звіт: версія, система, мітки й те, що передувало
file_stack = стеки з назвами функцій
tab_context = Мітки та контекст
tab_modules = Модулі
tab_files = Вкладення
tab_bytes = Байти
tab_text = Як текст
contexts = Контекст
nothing_of_this = У звіті нічого такого немає.
part_header = перший рядок із номером звіту
part_attachment = файл, який долучила програма
part_other = інша частина звіту
files_choose = Надсилається те, що позначено.
files_unread = Не вдалося прочитати те, що буде надіслано: { $why }
event_stays = Сам звіт вилучити не можна: без нього не було б чого надсилати.
minidump_costs = Без мінідампа ніхто не зможе зазирнути в інші потоки чи відновити стек за кращими даними.
module_at = за адресою { $address }, { $size }
total = Разом { $size }, до стиснення.
save_copy = Зберегти копію…
save = Зберегти
copy_path = Зберегти як
copy_saved = Збережено як { $path } ({ $size })
copy_denied = Ви не маєте права записувати в теку { $folder }.
copy_no_folder = Теки { $folder } немає.
copy_exists = Файл { $path } уже є; його не змінено.
copy_full = Для копії не залишилося місця.
copy_failed = Не вдалося зберегти копію: { $why }
bytes_of = Байти з
bytes_hex = Числа
bytes_letters = Літери
bytes_page = Від { $from } до { $to } з { $total }
page_before = Назад
page_after = Далі
stream_unknown = невідомий потік { $number }
stream_line = { $name } ({ $size }, від { $offset })
more =
    { $count ->
        [one] і ще { $count } запис, який теж надсилається, але тут не показаний
        [few] і ще { $count } записи, які теж надсилаються, але тут не показані
        [many] і ще { $count } записів, які теж надсилаються, але тут не показані
       *[other] і ще { $count } запису, які теж надсилаються, але тут не показані
    }
more_text = і ще { $size }, що теж надсилаються, але тут не показані

## What was removed

removed = Вилучено перед збереженням
removed_environment = змінні середовища
removed_command_line = командний рядок
removed_open_files = назви відкритих файлів
removed_mapped_files = назви файлів у пам’яті, що не є кодом
removed_user_numbers = номери користувача та групи
removed_other = інші дані процесу
removed_nothing = нічого зі стеків і регістрів: ця програма зберігає їх повністю
removed_stack_words = те, що у стеках не є ні адресою, ні малим числом
removed_register_words = те, що в регістрах не є ні адресою, ні малим числом
removed_vectors = векторні регістри
removed_memory = пам’ять, що не є ні стеком, ні кодом
removed_unknown_processor = стеки й регістри невідомого процесора
removed_deep_stack = зовнішня частина стека, глибшого, ніж хтось читатиме
removed_home = назва вашої домашньої теки у шляхах
removed_passwords = паролі в текстах ({ $times })
removed_emails = адреси електронної пошти в текстах ({ $times })
removed_cloud_keys = ключі хмарних служб у текстах ({ $times })
removed_access_tokens = токени доступу в текстах ({ $times })
removed_web_tokens = вебтокени в текстах ({ $times })
removed_private_keys = приватні ключі в текстах ({ $times })
removed_authorizations = дані для входу в текстах ({ $times })
removed_by_app = те, що ця програма вилучає з текстів ({ $times })
removed_named = { $name } у текстах ({ $times })
removed_long_texts = те, що в одному тексті перевищує { $size }
removed_all_texts = усі тексти, бо їх перегляд тривав надто довго

## Sending

sending = Надсилання звіту
sending_to = На { $server }
sending_to_developers = Розробникам програми
preparing = Звіт готується…
progress = { $sent } із { $total }
cancel = Скасувати
cancelling = Зупиняється…
sending_goes_on = Це вікно можна закрити; надсилання триватиме.

## How it ended

sent = Надіслано. Дякуємо.
event_id = Ідентифікатор події
event_id_use = Назвіть цей ідентифікатор, якщо писатимете про це розробникам.
copy = Копіювати
copied = Скопійовано
open_page = Відкрити сторінку звіту
known = Цей збій відомий.
known_fixed_in = Цей збій відомий і виправлений у { $version }.
known_fixed_newest = Цей збій відомий і виправлений. Найновіша версія — { $version }.
known_fixed_soon = Цей збій відомий і буде виправлений в одній із наступних версій.
get_update = Отримати нову версію
waiting = Зараз не вдалося надіслати звіт
waiting_next = Звіт зберігається на цьому комп’ютері, спробу буде повторено пізніше.
refused = Сервер не прийняв звіт
refused_next = Звіт зберігається на цьому комп’ютері й сам повторно не надсилатиметься.
refused_silent = Причини сервер не назвав.
cancelled = Надсилання зупинено
cancelled_next = Звіт зберігається на цьому комп’ютері; запитання з’явиться знову під час наступного запуску.
reporter_gone = Програма, що надсилає звіти, зупинилася.
close = Закрити

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } байт
        [few] { $count } байти
        [many] { $count } байтів
       *[other] { $count } байта
    }
size_kilobytes = { $amount } кБ
size_megabytes = { $amount } МБ
size_gigabytes = { $amount } ГБ

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] надіслати, [d] не надсилати, [l] запитати пізніше, [v] показати, що буде надіслано:
terminal_choices_raw = [s] надіслати, [d] не надсилати, [l] запитати пізніше, [v] показати, що буде надіслано, [w] увесь звіт як текст, [c] зберегти копію:
terminal_again = Введіть s, d, l або v.
terminal_again_raw = Введіть s, d, l, v, w або c.
terminal_restart = Перезапустити { $app }? [т/Н]
terminal_always = Завжди робити так, не питаючи? Наступні звіти і ті, що чекають, тоді надсилатимуться або вилучатимуться за вашим нинішнім вибором. [т/Н]
terminal_copy = Зберегти копію як (порожній рядок: { $path }):
terminal_yes = т так t
terminal_sending = Надсилання…
terminal_sent = Надіслано, дякуємо. Ідентифікатор події: { $event_id }
terminal_waiting = Зараз не вдалося надіслати звіт; він зберігається, спробу буде повторено пізніше.
terminal_refused = Сервер не прийняв звіт; він зберігається на цьому комп’ютері.
terminal_cancelled = Надсилання зупинено; звіт зберігається.
terminal_kept = На цьому комп’ютері зберігається звіт про збій; нічого не надіслано.
terminal_look = Щоб переглянути, надіслати або видалити його: { $command }
