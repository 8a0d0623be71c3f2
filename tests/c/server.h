/* A small server in a thread. It accepts one connection after the other, and its mode says what it does with each. */
#ifndef SERVER_H
#define SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum mode {
    ANSWER,     /* HTTP: 204 to every request */
    HOLD,       /* HTTP: 204 to every request, after `release` was posted */
    SLOW,       /* HTTP: reads slowly, then answers 204 */
    RESET_HTTP, /* HTTP: reset in the middle of every request */
    CLOSE_HTTP, /* HTTP: closed after every request, without an answer */
    SWALLOW,    /* TCP: reads everything */
    RESET_TCP,  /* TCP: reset, after `release` was posted */
    CLOSE_TCP   /* TCP: closed, after `release` was posted */
};

struct server {
    enum mode mode;
    int listener;
    unsigned port;
    sem_t arrived; /* posted when an HTTP request has arrived, and when a TCP connection was closed */
    sem_t release;
    pthread_t thread;
    /* These may be read after server_stop. */
    unsigned connections, requests;
    unsigned long lines;
};

static void server_abort(int fd) {
    const struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static ssize_t server_read(int fd, char *into, size_t len) {
    ssize_t got;
    do got = recv(fd, into, len, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Reads and answers requests until the connection ends. */
static void server_http(struct server *server, int fd) {
    char head[4096];
    static char body[1 << 16];
    for (;;) {
        size_t have = 0, left = 0;
        head[0] = 0;
        while (!strstr(head, "\r\n\r\n")) {
            if (have + 1 >= sizeof head || server_read(fd, head + have, 1) != 1) return;
            head[++have] = 0;
        }
        for (char *line = head; line; line = strstr(line, "\r\n") ? strstr(line, "\r\n") + 2 : NULL)
            if (strncasecmp(line, "content-length:", 15) == 0) left = strtoul(line + 15, NULL, 10);
        if (server->mode == RESET_HTTP) {
            server_abort(fd);
            server->requests++;
            return;
        }
        while (left > 0) {
            const size_t most = server->mode == SLOW ? 4096 : sizeof body;
            const ssize_t got = server_read(fd, body, left < most ? left : most);
            if (got <= 0) return;
            for (ssize_t i = 0; i < got; i++) server->lines += body[i] == '\n';
            left -= (size_t)got;
            if (server->mode == SLOW) usleep(200);
        }
        server->requests++;
        sem_post(&server->arrived);
        if (server->mode == HOLD) sem_wait(&server->release);
        if (server->mode == CLOSE_HTTP) return;
        static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
        if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) return;
    }
}

static void server_tcp(struct server *server, int fd) {
    char text[4096];
    ssize_t got;
    if (server->mode != SWALLOW) {
        sem_wait(&server->release);
        if (server->mode == RESET_TCP) server_abort(fd);
        return;
    }
    while ((got = server_read(fd, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < got; i++) server->lines += text[i] == '\n';
}

static void *server_main(void *argument) {
    struct server *server = argument;
    for (;;) {
        const int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if (errno != EMFILE) return NULL;
            usleep(1000); /* the test has used up all descriptors */
            continue;
        }
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        server->connections++;
        if (server->mode >= SWALLOW) server_tcp(server, fd);
        else server_http(server, fd);
        close(fd);
        if (server->mode >= SWALLOW) sem_post(&server->arrived);
    }
}

static void server_start(struct server *server, enum mode mode) {
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    sigset_t all, before;
    memset(server, 0, sizeof *server);
    memset(&address, 0, sizeof address);
    server->mode = mode;
    sem_init(&server->arrived, 0, 0);
    sem_init(&server->release, 0, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof address) || listen(server->listener, 16) ||
        getsockname(server->listener, (struct sockaddr *)&address, &len)) {
        perror("server");
        exit(2);
    }
    server->port = ntohs(address.sin_port);
    /* Signals must go to the thread that tests the client. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&server->thread, NULL, server_main, server)) exit(2);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Stops the server. All connections must be closed before. */
static void server_stop(struct server *server) {
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    sem_destroy(&server->arrived);
    sem_destroy(&server->release);
}

/* Makes a sender for the server. Further options must end with a semicolon. */
static inline questdb_sender *server_sender(const struct server *server, const char *options) {
    char conf[256];
    questdb_sender *sender = NULL;
    const int len = snprintf(conf, sizeof conf, "%s::addr=127.0.0.1:%u;protocol_version=2;%s",
                             server->mode >= SWALLOW ? "tcp" : "http", server->port, options);
    OK(questdb_sender_from_conf(conf, (size_t)len, &sender));
    return sender;
}

/* Appends rows of about 20 bytes. */
static inline void fill(questdb_buffer *buffer, int rows) {
    for (int i = 0; i < rows; i++) {
        OK(questdb_buffer_table(buffer, QUESTDB_STR("t")));
        OK(questdb_buffer_column_i64(buffer, QUESTDB_STR("x"), i));
        OK(questdb_buffer_at_nanos(buffer, 1700000000000000000 + i));
    }
}

#endif
