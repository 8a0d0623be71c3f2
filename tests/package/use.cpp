// As use.c, through the C++ wrapper.
#include <questdb_ingress.hpp>

#include <cstdio>

int main() {
    try {
        questdb::buffer rows{1};
        rows.table("t").symbol("s", "a").column("x", 1).at(questdb::timestamp_nanos{5});
        const bool same = rows.peek() == "t,s=a x=1i 5\n";
        std::printf("questdb-ingress %s: %s\n", questdb_version(), same ? "ok" : "wrong bytes");
        return same ? 0 : 3;
    } catch (const questdb::error &failed) {
        std::fprintf(stderr, "%s\n", failed.what());
        return 1;
    }
}
