// What an application has in C++: an exception that nobody catches, a virtual function that is not there yet.

#include <stdexcept>

namespace shapes {

struct Shape {
    Shape();
    virtual ~Shape() = default;
    virtual int area() const = 0;
};

__attribute__((noinline)) int describe(const Shape *shape)
{
    return shape->area() + 1;
}

// The part of a circle that is one is not made yet.
Shape::Shape()
{
    describe(this);
}

struct Circle final : Shape {
    int area() const override { return 3; }
};

__attribute__((noinline)) int load(int version)
{
    if (version > 2)
        throw std::runtime_error("the drawing is from a newer version");
    return version;
}

} // namespace shapes

// An exception must not leave C++: `noexcept` makes it the end, as it is where a thread's function throws.
extern "C" int load_drawing(int version) noexcept
{
    return shapes::load(version) + 1;
}

extern "C" int measure_circle(void)
{
    return shapes::Circle().area();
}
