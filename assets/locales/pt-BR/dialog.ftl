# Português do Brasil, com «você», como os programas de computador no Brasil.

## What happened

headline_crash = { $app } foi encerrado inesperadamente
headline_error = { $app } teve um problema
headline_hang = { $app } não estava respondendo

happened_memory = O programa tentou usar memória que não pertence a ele.
happened_memory_at = O programa tentou usar memória que não pertence a ele (endereço { $address }).
happened_arithmetic = O programa fez um cálculo impossível, como uma divisão por zero.
happened_instruction = O programa chegou a uma instrução que não pode ser executada.
happened_instruction_at = O programa chegou a uma instrução que não pode ser executada (endereço { $address }).
happened_gave_up = O programa encontrou um erro do qual não podia se recuperar e desistiu.
happened_gave_up_saying = O programa encontrou um erro do qual não podia se recuperar: { $message }
happened_error = O programa continuou, mas algo falhou internamente.
happened_error_saying = O programa continuou, mas algo falhou internamente: { $message }
happened_hang = O programa estava ocupado ou esperando por algo e ficou um tempo sem responder.
happened_other = O programa foi encerrado por causa de um erro interno.

## The question

comment_label = O que você estava fazendo? (opcional)
comment_hint = Algumas palavras ajudam a encontrar a causa.
restart = Reiniciar { $app }
reopens = { $app } será reaberto com: { $documents }
always = Fazer sempre assim, sem perguntar
always_means = Os próximos relatórios de { $app }, e os que aguardam, serão então enviados ou excluídos conforme a sua escolha agora.
consent = Nada é enviado sem a sua autorização.
destination = Os relatórios são enviados para { $server }.
destination_developers = Os relatórios são enviados aos desenvolvedores do programa.
privacy_policy = Política de privacidade
send = Enviar relatório
dont_send = Não enviar
later = Feche esta janela para que a pergunta seja feita novamente na próxima inicialização.
not_saved = Não foi possível salvar sua resposta, e nada foi enviado: { $why }. Tente novamente.

## What would be sent

details = O que seria enviado
summary = Resumo
key_app = Programa
key_release = Versão
key_what = Tipo
key_server = Enviado para
key_comment = Seu comentário
no_comment = nenhum
developers = os desenvolvedores
kind_crash = Falha
kind_panic = Falha (o programa encontrou um erro em si mesmo)
kind_error = Erro (o programa continuou)
kind_hang = Travamento (o programa não respondeu e depois continuou)
stack = Onde aconteceu
stack_pending = Obtendo a pilha de chamadas…
stack_empty = Não foi possível obter a pilha de chamadas. O relatório ainda é útil.
inlined = embutida
unknown_function = função desconhecida
unknown_function_in = função desconhecida em { $module }
tags = Etiquetas
breadcrumbs = O que aconteceu antes
files = Arquivos
files_more = Eles contêm mais do que é mostrado aqui: as outras threads, os registradores e o que o programa anotou sobre o sistema.
file_minidump = registradores, pilhas e módulos no momento da falha
file_event = o relatório em si: versão, sistema, etiquetas e o que aconteceu antes
file_stack = as pilhas com os nomes das funções
tab_context = Etiquetas e contexto
tab_modules = Módulos
tab_files = Anexos
tab_bytes = Bytes
tab_text = Como texto
contexts = Contexto
nothing_of_this = Não há nada disso no relatório.
part_header = a primeira linha, com o número do relatório
part_attachment = um arquivo anexado pelo programa
part_other = outra parte do relatório
files_choose = O que está marcado é enviado.
files_unread = Não é possível ler o que seria enviado: { $why }
event_stays = O relatório em si não pode ser deixado de fora: sem ele não haveria nada para enviar.
minidump_costs = Sem o minidump ninguém pode examinar as outras threads nem recalcular a pilha com informações melhores.
module_at = em { $address }, { $size }
total = Ao todo { $size }, antes da compactação.
save_copy = Salvar uma cópia…
save = Salvar
copy_path = Salvar como
copy_saved = Salvo como { $path } ({ $size })
copy_denied = Você não tem permissão para gravar na pasta { $folder }.
copy_no_folder = A pasta { $folder } não existe.
copy_exists = Já existe um arquivo { $path }; ele foi deixado como está.
copy_full = Não há mais espaço para a cópia.
copy_failed = Não foi possível salvar a cópia: { $why }
bytes_of = Bytes de
bytes_hex = Números
bytes_letters = Letras
bytes_page = { $from } a { $to } de { $total }
page_before = Anterior
page_after = Próxima
stream_unknown = fluxo desconhecido { $number }
stream_line = { $name } ({ $size }, a partir de { $offset })
more =
    { $count ->
        [one] e mais { $count }, que também é enviado, mas não é mostrado aqui
       *[other] e mais { $count }, que também são enviados, mas não são mostrados aqui
    }
more_text = e mais { $size }, que também são enviados, mas não são mostrados aqui

## What was removed

removed = Removido antes de salvar
removed_environment = variáveis de ambiente
removed_command_line = a linha de comando
removed_open_files = nomes de arquivos abertos
removed_mapped_files = nomes de arquivos na memória que não são código
removed_user_numbers = números de usuário e de grupo
removed_other = outros dados do processo
removed_nothing = nada das pilhas e dos registradores: este programa os mantém inteiros
removed_stack_words = o que não é endereço nem número pequeno nas pilhas
removed_register_words = o que não é endereço nem número pequeno nos registradores
removed_vectors = registradores vetoriais
removed_memory = memória que não é pilha nem código
removed_unknown_processor = pilhas e registradores de um processador desconhecido
removed_deep_stack = a parte externa de uma pilha mais profunda do que alguém leria
removed_home = o nome da sua pasta pessoal nos caminhos
removed_passwords = senhas em textos ({ $times })
removed_emails = endereços de e-mail em textos ({ $times })
removed_cloud_keys = chaves de nuvem em textos ({ $times })
removed_access_tokens = tokens de acesso em textos ({ $times })
removed_web_tokens = tokens da web em textos ({ $times })
removed_private_keys = chaves privadas em textos ({ $times })
removed_authorizations = dados de login em textos ({ $times })
removed_by_app = o que este programa manda retirar dos textos ({ $times })
removed_named = { $name } em textos ({ $times })
removed_long_texts = o que passa de { $size } em um texto
removed_all_texts = todos os textos, que levariam tempo demais para examinar

## Sending

sending = Enviando o relatório
sending_to = Para { $server }
sending_to_developers = Para os desenvolvedores do programa
preparing = Preparando o relatório…
progress = { $sent } de { $total }
cancel = Cancelar
cancelling = Parando…
sending_goes_on = Você pode fechar esta janela; o envio continua.

## How it ended

sent = Enviado. Obrigado.
event_id = Identificador do evento
event_id_use = Informe este identificador se escrever aos desenvolvedores sobre o assunto.
copy = Copiar
copied = Copiado
open_page = Abrir a página do relatório
known = Esta falha é conhecida.
known_fixed_in = Esta falha é conhecida e foi corrigida em { $version }.
known_fixed_newest = Esta falha é conhecida e foi corrigida. A versão mais recente é { $version }.
known_fixed_soon = Esta falha é conhecida e estará corrigida em uma próxima versão.
get_update = Obter a nova versão
waiting = Não foi possível enviar o relatório agora
waiting_next = Ele fica guardado neste computador, e uma nova tentativa será feita mais tarde.
refused = O servidor não aceitou o relatório
refused_next = Ele fica guardado neste computador e não será enviado de novo automaticamente.
refused_silent = Nenhum motivo foi informado.
cancelled = O envio foi interrompido
cancelled_next = O relatório fica guardado neste computador; a pergunta será feita novamente na próxima inicialização.
reporter_gone = O programa que envia relatórios parou.
close = Fechar

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
terminal_choices = [s] enviar, [d] não enviar, [l] perguntar mais tarde, [v] ver o que seria enviado:
terminal_choices_raw = [s] enviar, [d] não enviar, [l] perguntar mais tarde, [v] ver o que seria enviado, [w] o relatório completo em texto, [c] salvar uma cópia:
terminal_again = Responda com s, d, l ou v.
terminal_again_raw = Responda com s, d, l, v, w ou c.
terminal_restart = Reiniciar { $app }? [s/N]
terminal_always = Fazer sempre assim, sem perguntar? Os próximos relatórios, e os que aguardam, serão então enviados ou excluídos conforme a sua escolha agora. [s/N]
terminal_copy = Salvar a cópia como (linha vazia: { $path }):
terminal_yes = s sim
terminal_sending = Enviando…
terminal_sent = Enviado, obrigado. Identificador do evento: { $event_id }
terminal_waiting = Não foi possível enviar o relatório agora; ele fica guardado, e uma nova tentativa será feita mais tarde.
terminal_refused = O servidor não aceitou o relatório; ele fica guardado neste computador.
terminal_cancelled = O envio foi interrompido; o relatório fica guardado.
terminal_kept = Um relatório de falha está guardado neste computador; nada foi enviado.
terminal_look = Para ver, enviar ou excluir: { $command }
