/* A shared library that the application loads while it runs. */

__attribute__((noinline)) int stroke(volatile int *pixel)
{
    *pixel = 7;
    return 1;
}

int brush_draw(int *pixel)
{
    return stroke(pixel) + 1;
}
