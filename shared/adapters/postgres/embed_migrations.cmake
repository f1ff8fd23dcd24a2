# cmake -DOUT=<file.cpp> -P embed_migrations.cmake -- <NNNN_name.sql>…: the files as one C++ table,
# so that a binary carries its schema with it.
set(rows "")
math(EXPR last "${CMAKE_ARGC} - 1")
set(expected 1)
set(files FALSE)
foreach(i RANGE ${last})
  set(file "${CMAKE_ARGV${i}}")
  if(file STREQUAL "--")
    set(files TRUE)
  elseif(files)
    get_filename_component(name "${file}" NAME_WE)
    string(REGEX MATCH "^[0-9]+" number "${name}")
    math(EXPR version "1${number} - 10000")
    if(NOT version EQUAL expected)
      message(FATAL_ERROR "${file}: migrations are numbered without gaps, this one should be ${expected}")
    endif()
    math(EXPR expected "${expected} + 1")
    file(READ "${file}" sql)
    string(APPEND rows "    {${version}, \"${name}\", R\"stampede(${sql})stampede\"},\n")
  endif()
endforeach()
file(WRITE "${OUT}" "// Made from the files in migrations/ at build time.
#include \"shared/adapters/postgres/migrations.h\"

namespace stampede::postgres {

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all{
${rows}  };
  return all;
}

}  // namespace stampede::postgres
")
