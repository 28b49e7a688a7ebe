# 简体中文。用“您”，语句简短，不责怪任何人。

## What happened

headline_crash = { $app } 意外退出
headline_error = { $app } 遇到了问题
headline_hang = { $app } 没有响应

happened_memory = 程序试图使用不属于它的内存。
happened_memory_at = 程序试图使用不属于它的内存（地址 { $address }）。
happened_arithmetic = 程序进行了不可能的计算，例如除以零。
happened_instruction = 程序遇到了无法执行的指令。
happened_instruction_at = 程序遇到了无法执行的指令（地址 { $address }）。
happened_gave_up = 程序发现了无法恢复的错误，已停止运行。
happened_gave_up_saying = 程序发现了无法恢复的错误：{ $message }
happened_error = 程序继续运行，但内部有操作失败。
happened_error_saying = 程序继续运行，但内部有操作失败：{ $message }
happened_hang = 程序正忙或在等待，有一段时间没有响应。
happened_other = 程序因内部错误而退出。

## The question

comment_label = 您当时在做什么？（可选）
comment_hint = 简单写几句就有助于找到原因。
restart = 重新启动 { $app }
reopens = { $app } 将重新打开：{ $documents }
always = 以后都这样做，不再询问
always_means = { $app } 以后的报告以及等待中的报告，将按您现在的选择发送或删除。
consent = 未经您同意，不会发送任何内容。
destination = 报告将发送至 { $server }。
destination_developers = 报告将发送给程序的开发者。
privacy_policy = 隐私政策
send = 发送报告
dont_send = 不发送
later = 关闭此窗口，下次启动时会再次询问。
not_saved = 无法保存您的回答，未发送任何内容：{ $why }。请重试。

## What would be sent

details = 将发送的内容
summary = 摘要
key_app = 程序
key_release = 版本
key_what = 类型
key_server = 发送至
key_comment = 您的说明
no_comment = 无
developers = 开发者
kind_crash = 崩溃
kind_panic = 崩溃（程序发现了自身的错误）
kind_error = 错误（程序继续运行）
kind_hang = 卡住（程序没有响应，之后继续运行）
stack = 发生的位置
stack_pending = 正在分析调用栈…
stack_empty = 无法分析调用栈。报告仍然有用。
inlined = 内联
unknown_function = 未知函数
unknown_function_in = { $module } 中的未知函数
tags = 标签
breadcrumbs = 之前发生的事
files = 文件
files_more = 其中的内容比此处列出的更多：其他线程、寄存器，以及程序记录的系统信息。
file_minidump = 崩溃时的寄存器、栈和模块
file_event = 报告本身：版本、系统、标签和之前发生的事
file_stack = 带有函数名称的栈
tab_context = 标签和上下文
tab_modules = 模块
tab_files = 附件
tab_bytes = 字节
tab_text = 文本
contexts = 上下文
nothing_of_this = 报告中没有此类内容。
part_header = 第一行，含报告编号
part_attachment = 程序附加的文件
part_other = 报告的其他部分
files_choose = 勾选的内容会一并发送。
files_unread = 无法读取将发送的内容：{ $why }
event_stays = 报告本身不能去掉：没有它就没有可发送的内容。
minidump_costs = 没有小型转储，就无法查看其他线程，也无法用更完善的信息重新得出调用栈。
module_at = 位于 { $address }，{ $size }
total = 共 { $size }（压缩前）。
save_copy = 保存副本…
save = 保存
copy_path = 另存为
copy_saved = 已保存为 { $path }（{ $size }）
copy_denied = 您无权写入文件夹 { $folder }。
copy_no_folder = 没有文件夹 { $folder }。
copy_exists = 已有文件 { $path }，未作改动。
copy_full = 没有空间保存副本。
copy_failed = 无法保存副本：{ $why }
bytes_of = 显示的部分
bytes_hex = 数字
bytes_letters = 字母
bytes_page = { $total } 中的 { $from } 到 { $to }
page_before = 上一页
page_after = 下一页
stream_unknown = 未知的流 { $number }
stream_line = { $name }（{ $size }，从 { $offset } 开始）
more = 另有 { $count } 项，也会发送，但未在此列出
more_text = 另有 { $size }，也会发送，但未在此显示

## What was removed

removed = 保存前已移除
removed_environment = 环境变量
removed_command_line = 命令行
removed_open_files = 已打开文件的名称
removed_mapped_files = 内存中非代码文件的名称
removed_user_numbers = 用户和用户组编号
removed_other = 进程的其他数据
removed_nothing = 栈和寄存器未作移除：此程序会完整保留它们
removed_stack_words = 栈中既非地址也非小数值的内容
removed_register_words = 寄存器中既非地址也非小数值的内容
removed_vectors = 向量寄存器
removed_memory = 既非栈也非代码的内存
removed_unknown_processor = 未知处理器的栈和寄存器
removed_deep_stack = 过深的栈的外层部分
removed_home = 路径中您的主文件夹名称
removed_passwords = 文本中的密码（{ $times }）
removed_emails = 文本中的电子邮件地址（{ $times }）
removed_cloud_keys = 文本中的云服务密钥（{ $times }）
removed_access_tokens = 文本中的访问令牌（{ $times }）
removed_web_tokens = 文本中的网络令牌（{ $times }）
removed_private_keys = 文本中的私钥（{ $times }）
removed_authorizations = 文本中的登录信息（{ $times }）
removed_by_app = 此程序要求从文本中移除的内容（{ $times }）
removed_named = 文本中的{ $name }（{ $times }）
removed_long_texts = 单个文本中超过 { $size } 的部分
removed_all_texts = 全部文本，因为检查耗时过长

## Sending

sending = 正在发送报告
sending_to = 发送至 { $server }
sending_to_developers = 发送给程序的开发者
preparing = 正在准备报告…
progress = { $sent } / { $total }
cancel = 取消
cancelling = 正在停止…
sending_goes_on = 您可以关闭此窗口，发送会继续进行。

## How it ended

sent = 已发送。谢谢您。
event_id = 事件 ID
event_id_use = 如果您就此事联系开发者，请提供此 ID。
copy = 复制
copied = 已复制
open_page = 打开报告页面
known = 此崩溃已为人所知。
known_fixed_in = 此崩溃已为人所知，并已在 { $version } 中修复。
known_fixed_newest = 此崩溃已为人所知，并已修复。最新版本是 { $version }。
known_fixed_soon = 此崩溃已为人所知，将在后续版本中修复。
get_update = 获取新版本
waiting = 现在无法发送报告
waiting_next = 报告保存在此计算机上，稍后会再次尝试发送。
refused = 服务器未接受报告
refused_next = 报告保存在此计算机上，不会自动再次发送。
refused_silent = 服务器未说明原因。
cancelled = 已停止发送
cancelled_next = 报告保存在此计算机上，下次启动时会再次询问。
reporter_gone = 发送报告的程序已停止。
close = 关闭

## Sizes

decimal_mark = .
size_bytes = { $count } 字节
size_kilobytes = { $amount } KB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }：{ $value }
file_line = { $name }（{ $size }）：{ $what }
terminal_choices = [s] 发送，[d] 不发送，[l] 以后再问，[v] 查看将发送的内容：
terminal_choices_raw = [s] 发送，[d] 不发送，[l] 以后再问，[v] 查看将发送的内容，[w] 以文本查看完整报告，[c] 保存副本：
terminal_again = 请输入 s、d、l 或 v。
terminal_again_raw = 请输入 s、d、l、v、w 或 c。
terminal_restart = 重新启动 { $app }？[y/N]
terminal_always = 以后都这样做，不再询问？以后的报告以及等待中的报告，将按您现在的选择发送或删除。[y/N]
terminal_copy = 副本保存为（空行则为 { $path }）：
terminal_yes = y yes 是
terminal_sending = 正在发送…
terminal_sent = 已发送，谢谢您。事件 ID：{ $event_id }
terminal_waiting = 现在无法发送报告；报告已保存，稍后会再次尝试发送。
terminal_refused = 服务器未接受报告；报告保存在此计算机上。
terminal_cancelled = 已停止发送；报告已保存。
terminal_kept = 此计算机上保存了一份崩溃报告；未发送任何内容。
terminal_look = 如需查看、发送或删除：{ $command }
