// The header in two units of one program: a missing `inline` is a link error here.
#include "two_units.hpp"

#include <cstdio>

int main() {
    questdb::buffer rows{1};
    const auto layout = questdb::row_layout{"t"}.add<int>("x");
    rows.append(layout, questdb::timestamp_nanos{1}, 1);
    add_row(rows, layout);
    try {
        add_row(rows, questdb::row_layout{"t"});
    } catch (const questdb::error &thrown_in_the_other_unit) {
        const bool same = rows.peek() == "t x=1i 1\nt x=2i 2\n" &&
                          thrown_in_the_other_unit.code() == QUESTDB_ERROR_CODE_INVALID_ARGUMENT;
        std::puts(same ? "ok" : "wrong bytes or wrong error");
        return same ? 0 : 1;
    }
    return 2;
}
