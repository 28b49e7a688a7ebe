// A program in C++ that embeds Afterword, and ends by an exception that nobody catches.
//
//     cargo build --package afterword-ffi --package afterword-reporter
//     c++ -g -I crates/afterword-ffi/include crates/afterword-ffi/examples/cpp/crash.cpp
//         target/debug/libafterword_ffi.a -lgcc_s -lutil -lrt -lpthread -lm -ldl -o target/debug/crash
//     SENTRY_DSN=http://KEY@127.0.0.1:8000/1 target/debug/crash drawing.paint
#include <afterword.h>

#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Afterword, for as long as there is one of these.
class Afterword {
public:
    Afterword()
    {
        afterword_options_t *options = afterword_options_new(nullptr);
        afterword_options_set_app_name(options, "Paintbox");
        afterword_options_set_release(options, "paintbox@1.4.0");
        if (afterword_init(options) != AFTERWORD_OK)
            std::cerr << "there will be no crash reports: " << afterword_last_error() << '\n';
        afterword_options_free(options);
    }

    // Not reached by an exception that nobody catches: that is a crash, and no clean exit.
    ~Afterword() { afterword_shutdown(); }

    Afterword(const Afterword &) = delete;
    Afterword &operator=(const Afterword &) = delete;

    void tag(std::string_view key, std::string_view value)
    {
        afterword_set_tag_n(key.data(), key.size(), value.data(), value.size());
    }

    void breadcrumb(std::string_view category, std::string_view message)
    {
        afterword_add_breadcrumb_n(AFTERWORD_LEVEL_INFO, category.data(), category.size(), message.data(), message.size());
    }
};

namespace paintbox {

class Palette {
public:
    unsigned pick(std::size_t ink) const { return inks.at(ink); }

private:
    std::vector<unsigned> inks{0x000000, 0xffffff};
};

}

int main(int argc, char **argv)
{
    Afterword afterword;
    afterword.tag("file", argc > 1 ? argv[1] : "drawing.paint");
    afterword.breadcrumb("ui", "opened a file");
    afterword.breadcrumb("ui", "chose Effects, Recolour");
    // There are two.
    return paintbox::Palette().pick(2) == 0;
}
