// must say: this type may have more than one dimension
#include <questdb_ingress.hpp>
#include <vector>
struct table {
    const double *data() const { return values.data(); }
    std::size_t size() const { return values.size(); }
#ifdef RIGHT
    const double *begin() const { return data(); }
    double operator[](std::size_t i) const { return values[i]; }
#else
    const std::vector<double> *begin() const { return &values; }
    const std::vector<double> &operator[](std::size_t) const { return values; }
#endif
    std::vector<double> values;
};
void use(questdb::buffer &row, const table &t) { row.column("c", t); }
