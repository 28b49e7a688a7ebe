# 日本語。「です・ます」体で、誰のせいにもせず、短く伝える。

## What happened

headline_crash = { $app } が予期せず終了しました
headline_error = { $app } で問題が発生しました
headline_hang = { $app } が応答しませんでした

happened_memory = プログラムが、自分のものではないメモリを使おうとしました。
happened_memory_at = プログラムが、自分のものではないメモリを使おうとしました (アドレス { $address })。
happened_arithmetic = プログラムが、ゼロ除算などの不可能な計算を行いました。
happened_instruction = プログラムが、実行できない命令に到達しました。
happened_instruction_at = プログラムが、実行できない命令に到達しました (アドレス { $address })。
happened_gave_up = プログラムが回復できないエラーを検出し、終了しました。
happened_gave_up_saying = プログラムが回復できないエラーを検出しました: { $message }
happened_error = プログラムは動作を続けましたが、内部で処理に失敗しました。
happened_error_saying = プログラムは動作を続けましたが、内部で処理に失敗しました: { $message }
happened_hang = プログラムが処理中または待機中で、しばらく応答しませんでした。
happened_other = プログラムが内部エラーのため終了しました。

## The question

comment_label = 何をしていましたか? (任意)
comment_hint = ひとことでも、原因を探す手がかりになります。
restart = { $app } を再起動する
reopens = { $app } が再び開くもの: { $documents }
always = 今後も確認せずにこのようにする
always_means = { $app } の今後のレポートと、待機中のレポートは、今回の選択に従って送信または削除されます。
consent = 同意がない限り、何も送信されません。
destination = レポートの送信先は { $server } です。
destination_developers = レポートはプログラムの開発者に送信されます。
privacy_policy = プライバシーポリシー
send = レポートを送信
dont_send = 送信しない
later = このウィンドウを閉じると、次回の起動時にもう一度お尋ねします。
not_saved = 回答を保存できず、何も送信されていません: { $why }。もう一度お試しください。

## What would be sent

details = 送信される内容
summary = 概要
key_app = プログラム
key_release = バージョン
key_what = 種類
key_server = 送信先
key_comment = コメント
no_comment = なし
developers = 開発者
kind_crash = クラッシュ
kind_panic = クラッシュ (プログラムが自身のエラーを検出)
kind_error = エラー (プログラムは動作を継続)
kind_hang = ハング (プログラムは応答せず、その後動作を継続)
stack = 発生した場所
stack_pending = コールスタックを調べています…
stack_empty = コールスタックを調べられませんでした。レポートはそれでも役に立ちます。
inlined = インライン展開
unknown_function = 不明な関数
unknown_function_in = { $module } 内の不明な関数
tags = タグ
breadcrumbs = それまでの経過
files = ファイル
files_more = ここに示したもののほか、他のスレッド、レジスタ、プログラムがシステムについて記録した情報も含まれます。
file_minidump = クラッシュ時のレジスタ、スタック、モジュール
file_event = レポート本体: バージョン、システム、タグ、それまでの経過
file_stack = 関数名付きのスタック
tab_context = タグとコンテキスト
tab_modules = モジュール
tab_files = 添付ファイル
tab_bytes = バイト
tab_text = テキスト
contexts = コンテキスト
nothing_of_this = レポートに該当する内容はありません。
part_header = レポートの番号を含む最初の行
part_attachment = プログラムが添付したファイル
part_other = レポートのその他の部分
files_choose = チェックを入れたものが送信されます。
files_unread = 送信される内容を読み取れません: { $why }
event_stays = レポート本体は除外できません。これがないと、送信するものがなくなります。
minidump_costs = ミニダンプがないと、他のスレッドを調べたり、より良い情報でスタックを求め直したりできません。
module_at = アドレス { $address }、{ $size }
total = 合計 { $size } (圧縮前)
save_copy = コピーを保存…
save = 保存
copy_path = 保存先
copy_saved = { $path } に保存しました ({ $size })
copy_denied = フォルダー { $folder } に書き込む権限がありません。
copy_no_folder = フォルダー { $folder } はありません。
copy_exists = ファイル { $path } はすでにあります。そのままにしました。
copy_full = コピーを保存する空き容量がありません。
copy_failed = コピーを保存できませんでした: { $why }
bytes_of = 表示する部分
bytes_hex = 数値
bytes_letters = 文字
bytes_page = { $total } 中の { $from } から { $to }
page_before = 前へ
page_after = 次へ
stream_unknown = 不明なストリーム { $number }
stream_line = { $name } ({ $size }、{ $offset } から)
more = ほか { $count } 件 (送信されますが、ここには表示されません)
more_text = ほか { $size } (送信されますが、ここには表示されません)

## What was removed

removed = 保存前に取り除いたもの
removed_environment = 環境変数
removed_command_line = コマンドライン
removed_open_files = 開いていたファイルの名前
removed_mapped_files = メモリ上の、コードではないファイルの名前
removed_user_numbers = ユーザーとグループの番号
removed_other = プロセスのその他のデータ
removed_nothing = スタックとレジスタからは何も取り除いていません (このプログラムはすべて残します)
removed_stack_words = スタック上の、アドレスでも小さな数でもない値
removed_register_words = レジスタ内の、アドレスでも小さな数でもない値
removed_vectors = ベクトルレジスタ
removed_memory = スタックでもコードでもないメモリ
removed_unknown_processor = 不明なプロセッサのスタックとレジスタ
removed_deep_stack = 読み切れないほど深いスタックの外側の部分
removed_home = パスに含まれるホームフォルダーの名前
removed_passwords = テキスト中のパスワード ({ $times })
removed_emails = テキスト中のメールアドレス ({ $times })
removed_cloud_keys = テキスト中のクラウドのキー ({ $times })
removed_access_tokens = テキスト中のアクセストークン ({ $times })
removed_web_tokens = テキスト中のウェブトークン ({ $times })
removed_private_keys = テキスト中の秘密鍵 ({ $times })
removed_authorizations = テキスト中の認証情報 ({ $times })
removed_by_app = このプログラムがテキストから取り除くよう指定したもの ({ $times })
removed_named = テキスト中の { $name } ({ $times })
removed_long_texts = 1 つのテキストのうち { $size } を超える部分
removed_all_texts = 調べるのに時間がかかりすぎたため、すべてのテキスト

## Sending

sending = レポートを送信しています
sending_to = 送信先: { $server }
sending_to_developers = 送信先: プログラムの開発者
preparing = レポートを準備しています…
progress = { $sent } / { $total }
cancel = キャンセル
cancelling = 中止しています…
sending_goes_on = このウィンドウを閉じても、送信は続きます。

## How it ended

sent = 送信しました。ありがとうございます。
event_id = イベント ID
event_id_use = この件で開発者に連絡する際は、この ID をお伝えください。
copy = コピー
copied = コピーしました
open_page = レポートのページを開く
known = このクラッシュは既に知られています。
known_fixed_in = このクラッシュは既に知られており、{ $version } で修正されています。
known_fixed_newest = このクラッシュは既に知られており、修正されています。最新バージョンは { $version } です。
known_fixed_soon = このクラッシュは既に知られており、今後のバージョンで修正されます。
get_update = 新しいバージョンを入手
waiting = 今はレポートを送信できませんでした
waiting_next = レポートはこのコンピューターに保存され、後でもう一度送信されます。
refused = サーバーがレポートを受け付けませんでした
refused_next = レポートはこのコンピューターに保存されます。自動的に再送信されることはありません。
refused_silent = 理由は示されませんでした。
cancelled = 送信を中止しました
cancelled_next = レポートはこのコンピューターに保存されます。次回の起動時にもう一度お尋ねします。
reporter_gone = レポートを送信するプログラムが停止しています。
close = 閉じる

## Sizes

decimal_mark = .
size_bytes = { $count } バイト
size_kilobytes = { $amount } KB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] 送信する、[d] 送信しない、[l] 後で尋ねる、[v] 送信される内容を見る:
terminal_choices_raw = [s] 送信する、[d] 送信しない、[l] 後で尋ねる、[v] 送信される内容を見る、[w] レポート全体をテキストで見る、[c] コピーを保存:
terminal_again = s、d、l、v のいずれかで答えてください。
terminal_again_raw = s、d、l、v、w、c のいずれかで答えてください。
terminal_restart = { $app } を再起動しますか? [y/N]
terminal_always = 今後も確認せずにこのようにしますか? 今後のレポートと、待機中のレポートは、今回の選択に従って送信または削除されます。[y/N]
terminal_copy = コピーの保存先 (空行の場合: { $path }):
terminal_yes = y yes はい
terminal_sending = 送信しています…
terminal_sent = 送信しました。ありがとうございます。イベント ID: { $event_id }
terminal_waiting = 今はレポートを送信できませんでした。保存され、後でもう一度送信されます。
terminal_refused = サーバーがレポートを受け付けませんでした。レポートはこのコンピューターに保存されます。
terminal_cancelled = 送信を中止しました。レポートは保存されます。
terminal_kept = クラッシュレポートがこのコンピューターに保存されています。何も送信されていません。
terminal_look = 表示、送信、削除するには: { $command }
