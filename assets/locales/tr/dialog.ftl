# Türkçe, “siz” ile, masaüstü yazılımlarındaki gibi. Adlara ek getirilmez: ek, adın sesine göre değişirdi.

## What happened

headline_crash = { $app } beklenmedik şekilde kapandı
headline_error = { $app } bir sorunla karşılaştı
headline_hang = { $app } yanıt vermedi

happened_memory = Program, kendisine ait olmayan belleği kullanmaya çalıştı.
happened_memory_at = Program, kendisine ait olmayan belleği kullanmaya çalıştı (adres { $address }).
happened_arithmetic = Program, sıfıra bölme gibi olanaksız bir hesap yaptı.
happened_instruction = Program, yürütülemeyen bir komuta geldi.
happened_instruction_at = Program, yürütülemeyen bir komuta geldi (adres { $address }).
happened_gave_up = Program, üstesinden gelemeyeceği bir hata buldu ve durdu.
happened_gave_up_saying = Program, üstesinden gelemeyeceği bir hata buldu: { $message }
happened_error = Program çalışmayı sürdürdü, ama içinde bir şey başarısız oldu.
happened_error_saying = Program çalışmayı sürdürdü, ama içinde bir şey başarısız oldu: { $message }
happened_hang = Program meşguldü ya da bir şey bekliyordu ve bir süre yanıt vermedi.
happened_other = Program, içindeki bir hata yüzünden sona erdi.

## The question

comment_label = Ne yapıyordunuz? (isteğe bağlı)
comment_hint = Birkaç sözcük, nedeni bulmaya yardımcı olur.
restart = Yeniden başlat: { $app }
reopens = { $app } şunlarla yeniden açılacak: { $documents }
always = Her zaman sormadan böyle yap
always_means = { $app } için sonraki raporlar ve bekleyenler bundan sonra şimdiki seçiminize göre gönderilir ya da silinir.
consent = Siz onaylamadan hiçbir şey gönderilmez.
destination = Raporlar şuraya gönderilir: { $server }.
destination_developers = Raporlar programın geliştiricilerine gönderilir.
privacy_policy = Gizlilik politikası
send = Raporu gönder
dont_send = Gönderme
later = Bir sonraki başlatmada yeniden sorulması için bu pencereyi kapatın.
not_saved = Yanıtınız kaydedilemedi ve hiçbir şey gönderilmedi: { $why }. Lütfen yeniden deneyin.

## What would be sent

details = Neler gönderilir
summary = Özet
key_app = Program
key_release = Sürüm
key_what = Tür
key_server = Alıcı
key_comment = Yorumunuz
no_comment = yok
developers = geliştiriciler
kind_crash = Çökme
kind_panic = Çökme (program kendi içinde bir hata buldu)
kind_error = Hata (program çalışmayı sürdürdü)
kind_hang = Donma (program yanıt vermedi, sonra çalışmayı sürdürdü)
stack = Nerede oldu
stack_pending = Çağrı yığını çıkarılıyor…
stack_empty = Çağrı yığını çıkarılamadı. Rapor yine de işe yarar.
inlined = satır içi
unknown_function = bilinmeyen işlev
unknown_function_in = bilinmeyen işlev ({ $module })
tags = Etiketler
breadcrumbs = Öncesinde neler oldu
files = Dosyalar
files_more = Burada listelenenden fazlasını içerirler: öteki iş parçacıkları, yazmaçlar ve programın sistem hakkında kaydettikleri.
file_minidump = çökme anındaki yazmaçlar, yığınlar ve modüller
file_event = raporun kendisi: sürüm, sistem, etiketler ve öncesinde olanlar
file_stack = işlev adlarıyla yığınlar
tab_context = Etiketler ve bağlam
tab_modules = Modüller
tab_files = Ekler
tab_bytes = Baytlar
tab_text = Metin olarak
contexts = Bağlam
nothing_of_this = Raporda bundan bir şey yok.
part_header = raporun numarasını taşıyan ilk satır
part_attachment = programın eklediği bir dosya
part_other = raporun başka bir parçası
files_choose = İşaretli olanlar gönderilir.
files_unread = Gönderilecekler okunamıyor: { $why }
event_stays = Raporun kendisi çıkarılamaz: o olmadan gönderilecek bir şey kalmaz.
minidump_costs = Bellek dökümü olmadan kimse öteki iş parçacıklarına bakamaz ya da yığını daha iyi bilgilerle yeniden çıkaramaz.
module_at = { $address } adresinde, { $size }
total = Toplam { $size }, sıkıştırılmadan önce.
save_copy = Bir kopya kaydet…
save = Kaydet
copy_path = Farklı kaydet
copy_saved = { $path } olarak kaydedildi ({ $size })
copy_denied = { $folder } klasörüne yazma izniniz yok.
copy_no_folder = { $folder } diye bir klasör yok.
copy_exists = { $path } diye bir dosya zaten var; olduğu gibi bırakıldı.
copy_full = Kopya için yer kalmadı.
copy_failed = Kopya kaydedilemedi: { $why }
bytes_of = Baytları gösterilen
bytes_hex = Sayılar
bytes_letters = Harfler
bytes_page = { $from } ile { $to } arası, toplam { $total }
page_before = Geri
page_after = İleri
stream_unknown = bilinmeyen akış { $number }
stream_line = { $name } ({ $size }, { $offset } konumundan)
more =
    { $count ->
        [one] ve { $count } tane daha; o da gönderilir ama burada listelenmez
       *[other] ve { $count } tane daha; onlar da gönderilir ama burada listelenmez
    }
more_text = ve { $size } daha; o da gönderilir ama burada gösterilmez

## What was removed

removed = Kaydedilmeden önce çıkarılanlar
removed_environment = ortam değişkenleri
removed_command_line = komut satırı
removed_open_files = açık dosyaların adları
removed_mapped_files = bellekteki, kod olmayan dosyaların adları
removed_user_numbers = kullanıcı ve grup numaraları
removed_other = sürecin öteki verileri
removed_nothing = yığınlardan ve yazmaçlardan hiçbir şey: bu program onları bütün tutar
removed_stack_words = yığınlarda adres ya da küçük sayı olmayanlar
removed_register_words = yazmaçlarda adres ya da küçük sayı olmayanlar
removed_vectors = vektör yazmaçları
removed_memory = yığın ya da kod olmayan bellek
removed_unknown_processor = bilinmeyen bir işlemcinin yığınları ve yazmaçları
removed_deep_stack = kimsenin okuyamayacağı kadar derin bir yığının dış bölümü
removed_home = yollardaki ev klasörünüzün adı
removed_passwords = metinlerdeki parolalar ({ $times })
removed_emails = metinlerdeki e-posta adresleri ({ $times })
removed_cloud_keys = metinlerdeki bulut anahtarları ({ $times })
removed_access_tokens = metinlerdeki erişim belirteçleri ({ $times })
removed_web_tokens = metinlerdeki web belirteçleri ({ $times })
removed_private_keys = metinlerdeki özel anahtarlar ({ $times })
removed_authorizations = metinlerdeki oturum açma bilgileri ({ $times })
removed_by_app = bu programın metinlerden çıkarılmasını istedikleri ({ $times })
removed_named = metinlerde: { $name } ({ $times })
removed_long_texts = bir metinde şu boyutu aşanlar: { $size }
removed_all_texts = incelenmesi çok uzun süren bütün metinler

## Sending

sending = Rapor gönderiliyor
sending_to = Alıcı: { $server }
sending_to_developers = Programın geliştiricilerine
preparing = Rapor hazırlanıyor…
progress = { $sent } / { $total }
cancel = İptal
cancelling = Durduruluyor…
sending_goes_on = Bu pencereyi kapatabilirsiniz; gönderme sürer.

## How it ended

sent = Gönderildi. Teşekkürler.
event_id = Olay kimliği
event_id_use = Geliştiricilere bu konuda yazarsanız bu kimliği belirtin.
copy = Kopyala
copied = Kopyalandı
open_page = Raporun sayfasını aç
known = Bu çökme biliniyor.
known_fixed_in = Bu çökme biliniyor ve şu sürümde düzeltildi: { $version }.
known_fixed_newest = Bu çökme biliniyor ve düzeltildi. En yeni sürüm: { $version }.
known_fixed_soon = Bu çökme biliniyor ve gelecek bir sürümde düzeltilmiş olacak.
get_update = Yeni sürümü al
waiting = Rapor şu anda gönderilemedi
waiting_next = Bu bilgisayarda saklanıyor ve daha sonra yeniden denenecek.
refused = Sunucu raporu kabul etmedi
refused_next = Bu bilgisayarda saklanıyor ve kendiliğinden yeniden gönderilmeyecek.
refused_silent = Bir neden belirtmedi.
cancelled = Gönderme durduruldu
cancelled_next = Rapor bu bilgisayarda saklanıyor; bir sonraki başlatmada yeniden sorulacak.
reporter_gone = Raporları gönderen program durdu.
close = Kapat

## Sizes

decimal_mark = ,
size_bytes =
    { $count ->
        [one] { $count } bayt
       *[other] { $count } bayt
    }
size_kilobytes = { $amount } kB
size_megabytes = { $amount } MB
size_gigabytes = { $amount } GB

## In a terminal

pair = { $key }: { $value }
file_line = { $name } ({ $size }): { $what }
terminal_choices = [s] gönder, [d] gönderme, [l] sonra sor, [v] neler gönderileceğini göster:
terminal_choices_raw = [s] gönder, [d] gönderme, [l] sonra sor, [v] neler gönderileceğini göster, [w] raporun tamamını metin olarak göster, [c] bir kopya kaydet:
terminal_again = Lütfen s, d, l ya da v ile yanıtlayın.
terminal_again_raw = Lütfen s, d, l, v, w ya da c ile yanıtlayın.
terminal_restart = { $app } yeniden başlatılsın mı? [e/H]
terminal_always = Her zaman sormadan böyle yapılsın mı? Sonraki raporlar ve bekleyenler bundan sonra şimdiki seçiminize göre gönderilir ya da silinir. [e/H]
terminal_copy = Kopyanın kaydedileceği dosya (boş satır: { $path }):
terminal_yes = e evet
terminal_sending = Gönderiliyor…
terminal_sent = Gönderildi, teşekkürler. Olay kimliği: { $event_id }
terminal_waiting = Rapor şu anda gönderilemedi; saklanıyor ve daha sonra yeniden denenecek.
terminal_refused = Sunucu raporu kabul etmedi; rapor bu bilgisayarda saklanıyor.
terminal_cancelled = Gönderme durduruldu; rapor saklanıyor.
terminal_kept = Bu bilgisayarda bir çökme raporu saklanıyor; hiçbir şey gönderilmedi.
terminal_look = Görmek, göndermek ya da silmek için: { $command }
