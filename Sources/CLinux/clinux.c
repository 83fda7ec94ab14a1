#define _GNU_SOURCE
#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// ---- epoll -----------------------------------------------------------------------------------------------------

int nt_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = events;
    event.data.u64 = data;
    return epoll_ctl(epoll, operation, fd, &event);
}

int nt_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}
int nt_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, data);
}
int nt_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int nt_epoll_wait(int epoll, nt_event *events, int capacity, int timeout_ms) {
    struct epoll_event found[256];
    int count = epoll_wait(epoll, found, capacity > 256 ? 256 : capacity, timeout_ms);
    for (int i = 0; i < count; i++) {
        events[i].data = found[i].data.u64;
        events[i].events = found[i].events;
    }
    return count;
}

int nt_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int nt_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int failed = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failed) {
        errno = failed;
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int nt_signal_next(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : -1;
}

// ---- sockets ---------------------------------------------------------------------------------------------------

static socklen_t parse_address(const char *address, uint16_t port, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    errno = EINVAL;
    return 0;
}

static int closing(int fd) {
    int kept = errno;
    close(fd);
    errno = kept;
    return -1;
}

int nt_listen(const char *address, uint16_t port, int backlog) {
    struct sockaddr_storage storage;
    socklen_t length = parse_address(address, port, &storage);
    if (!length) return -1;
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return closing(fd);
    if (bind(fd, (struct sockaddr *)&storage, length) < 0) return closing(fd);
    if (listen(fd, backlog) < 0) return closing(fd);
    return fd;
}

int nt_accept(int listener, char *peer, size_t peer_capacity, uint16_t *peer_port) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    int fd = accept4(listener, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -1;
    peer[0] = 0;
    *peer_port = 0;
    if (storage.ss_family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
        inet_ntop(AF_INET, &v4->sin_addr, peer, (socklen_t)peer_capacity);
        *peer_port = ntohs(v4->sin_port);
    } else if (storage.ss_family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, peer, (socklen_t)peer_capacity);
        else
            inet_ntop(AF_INET6, &v6->sin6_addr, peer, (socklen_t)peer_capacity);
        *peer_port = ntohs(v6->sin6_port);
    }
    return fd;
}

int nt_local_port(int fd) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0) return -1;
    return storage.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&storage)->sin6_port)
                                         : ntohs(((struct sockaddr_in *)&storage)->sin_port);
}

int nt_tune_connection(int fd, int idle_seconds, int send_buffer, int receive_buffer) {
    int on = 1, interval = 15, count = 4;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    if (send_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    if (receive_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    return 0;
}

int nt_notice_dead_peer(int fd, int timeout_ms) {
    // Keepalive finds the silent one, TCP_USER_TIMEOUT the one that acknowledges nothing while data is under way.
    int seconds = timeout_ms / 3000 > 1 ? timeout_ms / 3000 : 1, count = 2;
    unsigned int limit = (unsigned int)timeout_ms;
    if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit) < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    return 0;
}

int nt_is_numeric_address(const char *address) {
    struct sockaddr_storage storage;
    return parse_address(address, 0, &storage) != 0;
}

int nt_dial(const char *address, uint16_t port) {
    struct sockaddr_storage storage;
    socklen_t length = parse_address(address, port, &storage);
    if (!length) return -1;
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&storage, length) < 0 && errno != EINPROGRESS) return closing(fd);
    return fd;
}

int nt_dial_result(int fd) {
    int failed = 0;
    socklen_t length = sizeof failed;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &length) < 0) return errno;
    if (failed) return failed;
    struct sockaddr_storage mine, theirs;
    socklen_t mine_length = sizeof mine, theirs_length = sizeof theirs;
    memset(&mine, 0, sizeof mine);
    memset(&theirs, 0, sizeof theirs);
    if (getpeername(fd, (struct sockaddr *)&theirs, &theirs_length) < 0) return errno;
    if (getsockname(fd, (struct sockaddr *)&mine, &mine_length) < 0) return errno;
    // Where nobody listens on a port of the ephemeral range, a socket can be given that very port and connect to
    // itself (simultaneous open, RFC 9293).
    if (mine_length == theirs_length && memcmp(&mine, &theirs, mine_length) == 0) return ECONNREFUSED;
    return 0;
}

int nt_resolve_all(const char *host, char *addresses, size_t width, int capacity) {
    struct addrinfo hints, *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int failed = getaddrinfo(host, NULL, &hints, &found);
    if (failed) return failed;
    int count = 0;
    for (struct addrinfo *each = found; each && count < capacity; each = each->ai_next) {
        char *text = addresses + width * (size_t)count;
        failed = getnameinfo(each->ai_addr, each->ai_addrlen, text, (socklen_t)width, NULL, 0, NI_NUMERICHOST);
        if (!failed) count++;
    }
    freeaddrinfo(found);
    return count ? count : failed ? failed : EAI_NONAME;
}

int nt_resolve(const char *host, char *address, size_t capacity) {
    struct addrinfo hints, *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int failed = getaddrinfo(host, NULL, &hints, &found);
    if (failed) return failed;
    failed = getnameinfo(found->ai_addr, found->ai_addrlen, address, (socklen_t)capacity, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(found);
    return failed;
}

const char *nt_resolve_error(int code) { return gai_strerror(code); }

int nt_connect(const char *address, uint16_t port) {
    struct sockaddr_storage storage;
    socklen_t length = parse_address(address, port, &storage);
    if (!length) return -1;
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&storage, length) < 0) return closing(fd);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

ssize_t nt_send(int fd, struct iovec *pieces, int count, int more) {
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = pieces;
    message.msg_iovlen = (size_t)count;
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
}

ssize_t nt_receive(int fd, void *buffer, size_t count) { return recv(fd, buffer, count, MSG_DONTWAIT); }

ssize_t nt_sendfile(int socket, int file, int64_t position, size_t count) {
    off_t from = position;
    return sendfile(socket, file, &from, count);
}

int nt_shutdown_write(int fd) { return shutdown(fd, SHUT_WR); }

// ---- files -----------------------------------------------------------------------------------------------------

int nt_open(const char *path, int create, int exclusive) {
    return open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0) | (exclusive ? O_EXCL : 0), 0644);
}
int nt_open_directory(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

int nt_fallocate_keep_size(int fd, int64_t position, int64_t count) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, position, count);
}
int nt_syncfs(int fd) { return syncfs(fd); }
int nt_start_writeback(int fd, int64_t position, int64_t count) {
    return sync_file_range(fd, position, count, SYNC_FILE_RANGE_WRITE);
}
int nt_readahead(int fd, int64_t position, size_t count) { return (int)readahead(fd, position, count); }

ssize_t nt_read_resident(int fd, void *buffer, size_t count, int64_t position) {
    struct iovec piece = {buffer, count};
    return preadv2(fd, &piece, 1, position, RWF_NOWAIT);
}

int64_t nt_cached_pages(int fd, int64_t position, int64_t count) {
    struct {
        uint64_t offset, length;
    } range = {(uint64_t)position, (uint64_t)count};
    struct {
        uint64_t cached, dirty, writeback, evicted, recently_evicted;
    } answer;
    long failed = syscall(451 /* cachestat, the same on every architecture */, fd, &range, &answer, 0);
    return failed < 0 ? -1 : (int64_t)answer.cached;
}

int nt_drop_cache(int fd) {
    int failed = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (failed) errno = failed;
    return failed ? -1 : 0;
}

static int set_lock(int fd, short type) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return fcntl(fd, F_OFD_SETLK, &lock);
}
int nt_lock_file(int fd) { return set_lock(fd, F_WRLCK); }
int nt_unlock_file(int fd) { return set_lock(fd, F_UNLCK); }

// ---- process ---------------------------------------------------------------------------------------------------

int64_t nt_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1024;
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = limit.rlim_max;
    return limit.rlim_cur > 1000000 ? 1000000 : (int64_t)limit.rlim_cur;
}

void nt_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

void nt_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }
int nt_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

int nt_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

// Between fork and exec only calls that are safe in a signal handler: other threads may have held any lock.
int nt_spawn(const char *path, const char *const *arguments, int output, int error) {
    int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (empty < 0) return -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0) {
        closing(empty);
        return pid;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);  // It ended before we asked to be told.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(empty, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) _exit(127);
    execv(path, (char *const *)arguments);
    _exit(127);
}

int nt_process_descriptor(int pid) { return (int)syscall(434 /* pidfd_open, the same on every architecture */, pid, 0); }

int nt_reap(int pid, int *end) {
    int status = 0;
    pid_t ended;
    do ended = waitpid(pid, &status, WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (ended <= 0) return ended < 0 ? -1 : 0;
    *end = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return 1;
}

void nt_format_time(int64_t milliseconds, char *text) {
    time_t seconds = milliseconds / 1000;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, 20, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, 6, ".%03dZ", (int)(milliseconds % 1000));
}

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
int64_t nt_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }
int64_t nt_wall_milliseconds(void) { return nanoseconds(CLOCK_REALTIME) / 1000000; }
int64_t nt_thread_cpu_nanoseconds(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }
int64_t nt_process_cpu_nanoseconds(void) { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }
