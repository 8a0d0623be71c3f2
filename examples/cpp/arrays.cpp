// Arrays of doubles, also parts and transposed views of your memory: ./arrays "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

static void run(questdb::sender &sender) {
    // An order book: two sides, three levels each. std::array, nested or not, and std::vector work as well.
    static const double book[2][3] = {{10.5, 10.4, 10.3}, {10.6, 10.7, 10.8}};
    const questdb::slice<const double> memory{&book[0][0], 6};

    // The same memory with the dimensions swapped. Strides are in elements.
    const questdb::array_view<2> turned{{3, 2}, {1, 3}, memory};
    // The second row backwards: it begins at the last element and the stride is negative.
    const questdb::array_view<1> back{{3}, {-1}, memory, 5};

    sender.table("books").column("whole", book).column("turned", turned).column("back", back).at(
        questdb::timestamp_nanos{1700000000000000000});
    sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        run(sender);
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
