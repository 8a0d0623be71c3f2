#ifndef TWO_UNITS_HPP
#define TWO_UNITS_HPP
#include <questdb_ingress.hpp>
void add_row(questdb::buffer &rows, const questdb::row_layout &layout);
#endif
