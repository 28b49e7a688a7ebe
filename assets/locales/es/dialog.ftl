# Español, con «usted», dicho con pocas palabras y sin acusar a nadie.

## What happened

headline_crash = { $app } se cerró inesperadamente
headline_error = { $app } tuvo un problema
headline_hang = { $app } no respondía

happened_memory = El programa intentó usar memoria que no le pertenece.
happened_memory_at = El programa intentó usar memoria que no le pertenece (dirección { $address }).
happened_arithmetic = El programa hizo un cálculo imposible, como una división entre cero.
happened_instruction = El programa llegó a una instrucción que no se puede ejecutar.
happened_instruction_at = El programa llegó a una instrucción que no se puede ejecutar (dirección { $address }).
happened_gave_up = El programa encontró un error del que no podía recuperarse y se detuvo.
happened_gave_up_saying = El programa encontró un error del que no podía recuperarse: { $message }
happened_error = El programa siguió funcionando, pero algo falló en su interior.
happened_error_saying = El programa siguió funcionando, pero algo falló en su interior: { $message }
happened_hang = El programa estaba ocupado o esperando algo y no respondió durante un rato.
happened_other = El programa terminó debido a un error interno.

## The question

comment_label = ¿Qué estaba haciendo? (opcional)
comment_hint = Unas pocas palabras ayudan a encontrar la causa.
restart = Reiniciar { $app }
reopens = { $app } se abrirá de nuevo con: { $documents }
always = Hacerlo siempre sin preguntar
always_means = Los informes posteriores de { $app }, y los que esperan, se enviarán o se eliminarán según lo que elija ahora.
consent = No se envía nada sin su consentimiento.
destination = Los informes se envían a { $server }.
destination_developers = Los informes se envían a los desarrolladores del programa.
privacy_policy = Política de privacidad
send = Enviar informe
dont_send = No enviar
later = Cierre esta ventana para que se le pregunte de nuevo en el próximo inicio.
not_saved = No se pudo guardar su respuesta y no se envió nada: { $why }. Inténtelo de nuevo.

## What would be sent

details = Qué se enviaría
summary = Resumen
key_app = Programa
key_release = Versión
key_what = Tipo
key_server = Se envía a
key_comment = Su comentario
no_comment = ninguno
developers = los desarrolladores
kind_crash = Cierre inesperado
kind_panic = Cierre inesperado (el programa encontró un error en sí mismo)
kind_error = Error (el programa siguió funcionando)
kind_hang = Bloqueo (el programa no respondió y luego siguió funcionando)
stack = Dónde ocurrió
stack_pending = Obteniendo la pila de llamadas…
stack_empty = No se pudo obtener la pila de llamadas. El informe sigue siendo útil.
inlined = integrada
unknown_function = función desconocida
unknown_function_in = función desconocida en { $module }
tags = Etiquetas
breadcrumbs = Qué ocurrió antes
files = Archivos
files_more = Contienen más de lo que se muestra aquí: los demás hilos, los registros y lo que el programa anotó sobre el sistema.
file_minidump = registros, pilas y módulos en el momento del cierre
file_event = el informe en sí: versión, sistema, etiquetas y qué ocurrió antes
file_stack = las pilas con los nombres de las funciones
tab_context = Etiquetas y contexto
tab_modules = Módulos
tab_files = Adjuntos
tab_bytes = Bytes
tab_text = Como texto
contexts = Contexto
nothing_of_this = El informe no contiene nada de esto.
part_header = la primera línea, con el número del informe
part_attachment = un archivo que adjuntó el programa
part_other = otra parte del informe
files_choose = Se envía lo que está marcado.
files_unread = No se puede leer lo que se enviaría: { $why }
event_stays = El informe en sí no se puede omitir: sin él no habría nada que enviar.
minidump_costs = Sin el minivolcado nadie puede examinar los demás hilos ni volver a calcular la pila con mejor información.
module_at = en { $address }, { $size }
total = En total { $size }, antes de comprimir.
save_copy = Guardar una copia…
save = Guardar
copy_path = Guardar como
copy_saved = Guardado como { $path } ({ $size })
copy_denied = No tiene permiso para escribir en la carpeta { $folder }.
copy_no_folder = No existe la carpeta { $folder }.
copy_exists = Ya existe un archivo { $path }; se dejó como estaba.
copy_full = No queda espacio para la copia.
copy_failed = No se pudo guardar la copia: { $why }
bytes_of = Bytes de
bytes_hex = Números
bytes_letters = Letras
bytes_page = { $from } a { $to } de { $total }
page_before = Anterior
page_after = Siguiente
stream_unknown = flujo desconocido { $number }
stream_line = { $name } ({ $size }, desde { $offset })
more =
    { $count ->
        [one] y { $count } más, que también se envía pero no se muestra aquí
       *[other] y { $count } más, que también se envían pero no se muestran aquí
    }
more_text = y { $size } más, que también se envían pero no se muestran aquí

## What was removed

removed = Eliminado antes de guardarlo
removed_environment = variables de entorno
removed_command_line = la línea de órdenes
removed_open_files = nombres de archivos abiertos
removed_mapped_files = nombres de archivos en memoria que no son código
removed_user_numbers = números de usuario y de grupo
removed_other = otros datos del proceso
removed_nothing = nada de las pilas ni de los registros: este programa los conserva enteros
removed_stack_words = lo que no es una dirección ni un número pequeño en las pilas
removed_register_words = lo que no es una dirección ni un número pequeño en los registros
removed_vectors = registros vectoriales
removed_memory = memoria que no es ni una pila ni código
removed_unknown_processor = pilas y registros de un procesador desconocido
removed_deep_stack = la parte exterior de una pila más profunda de lo que nadie lee
removed_home = el nombre de su carpeta personal en las rutas
removed_passwords = contraseñas en textos ({ $times })
removed_emails = direcciones de correo en textos ({ $times })
removed_cloud_keys = claves de la nube en textos ({ $times })
removed_access_tokens = testigos de acceso en textos ({ $times })
removed_web_tokens = testigos web en textos ({ $times })
removed_private_keys = claves privadas en textos ({ $times })
removed_authorizations = datos de inicio de sesión en textos ({ $times })
removed_by_app = lo que este programa pide quitar de los textos ({ $times })
removed_named = { $name } en textos ({ $times })
removed_long_texts = lo que pasa de { $size } en un texto
removed_all_texts = todos los textos, que tardaban demasiado en revisarse

## Sending

sending = Enviando el informe
sending_to = A { $server }
sending_to_developers = A los desarrolladores del programa
preparing = Preparando el informe…
progress = { $sent } de { $total }
cancel = Cancelar
cancelling = Deteniendo…
sending_goes_on = Puede cerrar esta ventana; el envío continuará.

## How it ended

sent = Enviado. Gracias.
event_id = Identificador del suceso
event_id_use = Mencione este identificador si escribe a los desarrolladores sobre ello.
copy = Copiar
copied = Copiado
open_page = Abrir la página del informe
known = Este fallo ya se conoce.
known_fixed_in = Este fallo ya se conoce y está corregido en { $version }.
known_fixed_newest = Este fallo ya se conoce y está corregido. La versión más reciente es { $version }.
known_fixed_soon = Este fallo ya se conoce y estará corregido en una próxima versión.
get_update = Obtener la nueva versión
waiting = El informe no se pudo enviar ahora
waiting_next = Se conserva en este equipo y se intentará de nuevo más tarde.
refused = El servidor no aceptó el informe
refused_next = Se conserva en este equipo y no se volverá a enviar por sí solo.
refused_silent = No indicó ningún motivo.
cancelled = Se detuvo el envío
cancelled_next = El informe se conserva en este equipo; se le preguntará de nuevo en el próximo inicio.
reporter_gone = El programa que envía los informes se ha detenido.
close = Cerrar

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
size_kilobytes = { $amount } kB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] enviar, [d] no enviar, [l] preguntar más tarde, [v] ver qué se enviaría:
terminal_choices_raw = [s] enviar, [d] no enviar, [l] preguntar más tarde, [v] ver qué se enviaría, [w] el informe completo como texto, [c] guardar una copia:
terminal_again = Responda con s, d, l o v.
terminal_again_raw = Responda con s, d, l, v, w o c.
terminal_restart = ¿Reiniciar { $app }? [s/N]
terminal_always = ¿Hacerlo siempre sin preguntar? Los informes posteriores, y los que esperan, se enviarán o se eliminarán según lo que eligió ahora. [s/N]
terminal_copy = Guardar la copia como (línea vacía: { $path }):
terminal_yes = s sí si
terminal_sending = Enviando…
terminal_sent = Enviado, gracias. Identificador del suceso: { $event_id }
terminal_waiting = El informe no se pudo enviar ahora; se conserva y se intentará de nuevo más tarde.
terminal_refused = El servidor no aceptó el informe; se conserva en este equipo.
terminal_cancelled = Se detuvo el envío; el informe se conserva.
terminal_kept = Hay un informe de fallo guardado en este equipo; no se envió nada.
terminal_look = Para verlo, enviarlo o borrarlo: { $command }
