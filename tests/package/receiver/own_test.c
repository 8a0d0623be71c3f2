/* A user's test in C: the receiver alone, without the client. */
#include <questdb_receiver.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  questdb_receiver *receiver;
  questdb_receiver_error *failed = questdb_receiver_start(QUESTDB_STR("http.token=secret"), &receiver);
  if (failed) {
    fprintf(stderr, "%s\n", questdb_receiver_error_message(failed));
    questdb_receiver_error_free(failed);
    return 1;
  }
  printf("%s\n", questdb_receiver_conf(receiver, QUESTDB_RECEIVER_LISTENER_HTTP));
  failed = questdb_receiver_wait_for_rows(receiver, QUESTDB_STR("trades"), 1, 1);
  const int timed_out = questdb_receiver_error_get_code(failed) == QUESTDB_RECEIVER_ERROR_CODE_TIMEOUT;
  questdb_receiver_error_free(failed);
  questdb_receiver_free(receiver);
  return timed_out ? 0 : 1;
}
