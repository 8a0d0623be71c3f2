// must say: this type may have more than one dimension
#include <questdb_ingress.hpp>
#include <vector>
struct matrix : std::vector<double> {
    std::size_t cols() const { return 2; }
};
#ifdef RIGHT
questdb::array_view<2> to_questdb_array(const matrix &m) { return {{m.size() / 2, 2}, {m.data(), m.size()}}; }
#else
std::vector<double> to_questdb_array(const matrix &m) { return m; }
#endif
void use(questdb::buffer &row, const matrix &m) { row.column("c", m); }
