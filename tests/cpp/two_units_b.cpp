#include "two_units.hpp"

void add_row(questdb::buffer &rows, const questdb::row_layout &layout) {
    rows.append(layout, std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>{std::chrono::nanoseconds{2}}, 2);
}
