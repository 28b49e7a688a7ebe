# 한국어. “합니다”체. 프로그램 이름 뒤에는 받침에 따라 달라지는 조사를 붙이지 않습니다.

## What happened

headline_crash = { $app } 프로그램이 예기치 않게 종료되었습니다
headline_error = { $app } 프로그램에 문제가 발생했습니다
headline_hang = { $app } 프로그램이 응답하지 않았습니다

happened_memory = 프로그램이 자신의 것이 아닌 메모리를 사용하려고 했습니다.
happened_memory_at = 프로그램이 자신의 것이 아닌 메모리를 사용하려고 했습니다(주소 { $address }).
happened_arithmetic = 프로그램이 0으로 나누기와 같은 불가능한 계산을 했습니다.
happened_instruction = 프로그램이 실행할 수 없는 명령에 도달했습니다.
happened_instruction_at = 프로그램이 실행할 수 없는 명령에 도달했습니다(주소 { $address }).
happened_gave_up = 프로그램이 복구할 수 없는 오류를 발견하여 중단되었습니다.
happened_gave_up_saying = 프로그램이 복구할 수 없는 오류를 발견했습니다: { $message }
happened_error = 프로그램은 계속 실행되었지만 내부에서 작업이 실패했습니다.
happened_error_saying = 프로그램은 계속 실행되었지만 내부에서 작업이 실패했습니다: { $message }
happened_hang = 프로그램이 작업 중이거나 무언가를 기다리느라 한동안 응답하지 않았습니다.
happened_other = 프로그램이 내부 오류로 종료되었습니다.

## The question

comment_label = 무엇을 하고 계셨나요? (선택 사항)
comment_hint = 몇 마디만 적어 주셔도 원인을 찾는 데 도움이 됩니다.
restart = { $app } 다시 시작
reopens = { $app }에서 다시 열 문서: { $documents }
always = 앞으로도 묻지 않고 이렇게 하기
always_means = { $app }의 이후 보고서와 대기 중인 보고서는 지금 선택한 대로 전송되거나 삭제됩니다.
consent = 동의하지 않으면 아무것도 보내지 않습니다.
destination = 보고서를 받는 곳: { $server }
destination_developers = 보고서는 프로그램 개발자에게 전송됩니다.
privacy_policy = 개인정보 처리방침
send = 보고서 보내기
dont_send = 보내지 않음
later = 이 창을 닫으면 다음에 시작할 때 다시 묻습니다.
not_saved = 답변을 저장하지 못했으며 아무것도 보내지 않았습니다: { $why }. 다시 시도해 주세요.

## What would be sent

details = 전송될 내용
summary = 요약
key_app = 프로그램
key_release = 버전
key_what = 종류
key_server = 받는 곳
key_comment = 의견
no_comment = 없음
developers = 개발자
kind_crash = 비정상 종료
kind_panic = 비정상 종료(프로그램이 자체 오류를 발견함)
kind_error = 오류(프로그램은 계속 실행됨)
kind_hang = 멈춤(프로그램이 응답하지 않다가 계속 실행됨)
stack = 발생한 위치
stack_pending = 호출 스택을 확인하는 중…
stack_empty = 호출 스택을 확인하지 못했습니다. 그래도 보고서는 도움이 됩니다.
inlined = 인라인됨
unknown_function = 알 수 없는 함수
unknown_function_in = { $module }의 알 수 없는 함수
tags = 태그
breadcrumbs = 그 전에 있었던 일
files = 파일
files_more = 여기에 표시된 것 외에 다른 스레드, 레지스터, 프로그램이 시스템에 대해 기록한 내용도 들어 있습니다.
file_minidump = 비정상 종료 시점의 레지스터, 스택, 모듈
file_event = 보고서 본문: 버전, 시스템, 태그, 그 전에 있었던 일
file_stack = 함수 이름이 있는 스택
tab_context = 태그와 컨텍스트
tab_modules = 모듈
tab_files = 첨부 파일
tab_bytes = 바이트
tab_text = 텍스트로
contexts = 컨텍스트
nothing_of_this = 보고서에 이런 내용이 없습니다.
part_header = 보고서 번호가 있는 첫 줄
part_attachment = 프로그램이 첨부한 파일
part_other = 보고서의 다른 부분
files_choose = 선택한 것이 함께 전송됩니다.
files_unread = 전송될 내용을 읽을 수 없습니다: { $why }
event_stays = 보고서 자체는 뺄 수 없습니다. 그것이 없으면 보낼 것이 없습니다.
minidump_costs = 미니덤프가 없으면 다른 스레드를 살펴보거나 더 나은 정보로 스택을 다시 구할 수 없습니다.
module_at = 주소 { $address }, { $size }
total = 모두 { $size }(압축 전)
save_copy = 사본 저장…
save = 저장
copy_path = 저장 위치
copy_saved = { $path }에 저장했습니다({ $size })
copy_denied = { $folder } 폴더에 쓸 권한이 없습니다.
copy_no_folder = { $folder } 폴더가 없습니다.
copy_exists = { $path } 파일이 이미 있어 그대로 두었습니다.
copy_full = 사본을 저장할 공간이 없습니다.
copy_failed = 사본을 저장하지 못했습니다: { $why }
bytes_of = 표시할 부분
bytes_hex = 숫자
bytes_letters = 문자
bytes_page = 전체 { $total } 중 { $from }부터 { $to }까지
page_before = 이전
page_after = 다음
stream_unknown = 알 수 없는 스트림 { $number }
stream_line = { $name }({ $size }, { $offset }부터)
more = 그 밖에 { $count }개(전송되지만 여기에는 표시되지 않음)
more_text = 그 밖에 { $size }(전송되지만 여기에는 표시되지 않음)

## What was removed

removed = 저장하기 전에 제거한 것
removed_environment = 환경 변수
removed_command_line = 명령줄
removed_open_files = 열려 있던 파일의 이름
removed_mapped_files = 메모리에 있는, 코드가 아닌 파일의 이름
removed_user_numbers = 사용자 및 그룹 번호
removed_other = 프로세스의 그 밖의 데이터
removed_nothing = 스택과 레지스터에서는 아무것도 제거하지 않음: 이 프로그램은 전체를 유지합니다
removed_stack_words = 스택에서 주소도 작은 수도 아닌 값
removed_register_words = 레지스터에서 주소도 작은 수도 아닌 값
removed_vectors = 벡터 레지스터
removed_memory = 스택도 코드도 아닌 메모리
removed_unknown_processor = 알 수 없는 프로세서의 스택과 레지스터
removed_deep_stack = 다 읽을 수 없을 만큼 깊은 스택의 바깥 부분
removed_home = 경로에 있는 홈 폴더의 이름
removed_passwords = 텍스트에 있는 비밀번호({ $times })
removed_emails = 텍스트에 있는 이메일 주소({ $times })
removed_cloud_keys = 텍스트에 있는 클라우드 키({ $times })
removed_access_tokens = 텍스트에 있는 액세스 토큰({ $times })
removed_web_tokens = 텍스트에 있는 웹 토큰({ $times })
removed_private_keys = 텍스트에 있는 개인 키({ $times })
removed_authorizations = 텍스트에 있는 로그인 정보({ $times })
removed_by_app = 이 프로그램이 텍스트에서 제거하도록 정한 것({ $times })
removed_named = 텍스트에 있는 { $name }({ $times })
removed_long_texts = 한 텍스트에서 { $size } 크기를 넘는 부분
removed_all_texts = 살펴보는 데 너무 오래 걸린 모든 텍스트

## Sending

sending = 보고서를 보내는 중
sending_to = 받는 곳: { $server }
sending_to_developers = 받는 곳: 프로그램 개발자
preparing = 보고서를 준비하는 중…
progress = { $sent } / { $total }
cancel = 취소
cancelling = 중지하는 중…
sending_goes_on = 이 창을 닫아도 전송은 계속됩니다.

## How it ended

sent = 보냈습니다. 감사합니다.
event_id = 이벤트 ID
event_id_use = 이 일로 개발자에게 연락할 때 이 ID를 알려 주세요.
copy = 복사
copied = 복사됨
open_page = 보고서 페이지 열기
known = 이 비정상 종료는 이미 알려져 있습니다.
known_fixed_in = 이 비정상 종료는 이미 알려져 있으며 { $version } 버전에서 수정되었습니다.
known_fixed_newest = 이 비정상 종료는 이미 알려져 있으며 수정되었습니다. 최신 버전: { $version }
known_fixed_soon = 이 비정상 종료는 이미 알려져 있으며 다음 버전에서 수정될 예정입니다.
get_update = 새 버전 받기
waiting = 지금은 보고서를 보내지 못했습니다
waiting_next = 이 컴퓨터에 보관되며 나중에 다시 시도합니다.
refused = 서버가 보고서를 받지 않았습니다
refused_next = 이 컴퓨터에 보관되며 자동으로 다시 보내지 않습니다.
refused_silent = 이유는 알려 주지 않았습니다.
cancelled = 전송을 중지했습니다
cancelled_next = 보고서는 이 컴퓨터에 보관되며 다음에 시작할 때 다시 묻습니다.
reporter_gone = 보고서를 보내는 프로그램이 중지되었습니다.
close = 닫기

## Sizes

decimal_mark = .
size_bytes = { $count }바이트
size_kilobytes = { $amount } KB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name }({ $size }): { $what }
terminal_choices = [s] 보내기, [d] 보내지 않기, [l] 나중에 묻기, [v] 전송될 내용 보기:
terminal_choices_raw = [s] 보내기, [d] 보내지 않기, [l] 나중에 묻기, [v] 전송될 내용 보기, [w] 보고서 전체를 텍스트로 보기, [c] 사본 저장:
terminal_again = s, d, l, v 중 하나로 답해 주세요.
terminal_again_raw = s, d, l, v, w, c 중 하나로 답해 주세요.
terminal_restart = { $app } 프로그램을 다시 시작할까요? [y/N]
terminal_always = 앞으로도 묻지 않고 이렇게 할까요? 이후 보고서와 대기 중인 보고서는 지금 선택한 대로 전송되거나 삭제됩니다. [y/N]
terminal_copy = 사본을 저장할 파일(빈 줄이면 { $path }):
terminal_yes = y yes 예 네
terminal_sending = 보내는 중…
terminal_sent = 보냈습니다. 감사합니다. 이벤트 ID: { $event_id }
terminal_waiting = 지금은 보고서를 보내지 못했습니다. 보관되며 나중에 다시 시도합니다.
terminal_refused = 서버가 보고서를 받지 않았습니다. 이 컴퓨터에 보관됩니다.
terminal_cancelled = 전송을 중지했습니다. 보고서는 보관됩니다.
terminal_kept = 비정상 종료 보고서가 이 컴퓨터에 보관되어 있으며 아무것도 보내지 않았습니다.
terminal_look = 보거나 보내거나 삭제하려면: { $command }
