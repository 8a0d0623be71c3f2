# What a program needs besides the static library; a test compares this with what rustc says.
if(APPLE)
  set(QUESTDB_STATIC_LIBRARIES "-framework Security" "-framework CoreFoundation" -lSystem -lc -lm)
else()
  set(QUESTDB_STATIC_LIBRARIES -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)
endif()
