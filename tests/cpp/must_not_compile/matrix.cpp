// must say: this type may have more than one dimension: give it to_questdb_array, or pass a questdb::array_view with its shape
#include <questdb_ingress.hpp>
namespace lab {
struct matrix {
    const double *data() const { return values; }
    std::size_t size() const { return 4; }
    std::size_t rows() const { return 2; }
    const double *begin() const { return values; }
    double operator[](std::size_t i) const { return values[i]; }
    double values[4];
};
#ifdef RIGHT
questdb::array_view<2> to_questdb_array(const matrix &m) { return {{2, 2}, {1, 2}, {m.data(), m.size()}}; }
#endif
}  // namespace lab
void use(questdb::buffer &row, const lab::matrix &m) { row.column("c", m); }
