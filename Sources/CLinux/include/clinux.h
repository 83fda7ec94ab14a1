// Linux calls that Swift's Glibc module does not offer, or offers in a shape that is hard to use: variadic calls,
// packed structures, numbers hidden behind macros. Thin: no policy, errno as the kernel left it.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

// ---- epoll -----------------------------------------------------------------------------------------------------

#define NT_READABLE 0x001u
#define NT_WRITABLE 0x004u
#define NT_ERROR 0x008u
#define NT_HANGUP 0x010u
#define NT_PEER_CLOSED 0x2000u

/// `struct epoll_event` without the packing.
typedef struct {
    uint64_t data;
    uint32_t events;
} nt_event;

int nt_epoll_create(void);
int nt_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int nt_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data);
int nt_epoll_remove(int epoll, int fd);
/// At most 256 events a call; `timeout_ms` of -1 waits for ever.
int nt_epoll_wait(int epoll, nt_event *events, int capacity, int timeout_ms);

/// A non-blocking event counter.
int nt_eventfd(void);
/// Blocks the signals in the calling thread (and those it starts later); the descriptor tells of them.
int nt_signalfd(const int *signals, int count);
/// The number of the next signal told by the descriptor; -1 with EAGAIN when there is none.
int nt_signal_next(int fd);

// ---- sockets ---------------------------------------------------------------------------------------------------

/// A non-blocking TCP listener. `address` is numeric IPv4 or IPv6 ("0.0.0.0", "::"). -1 with errno.
int nt_listen(const char *address, uint16_t port, int backlog);
/// Accepts a non-blocking socket; writes the peer's address as text.
int nt_accept(int listener, char *peer, size_t peer_capacity, uint16_t *peer_port);
/// The port the socket is bound to.
int nt_local_port(int fd);
/// TCP_NODELAY, and keepalive that notices a dead peer after about `idle_seconds` plus a minute.
int nt_tune_connection(int fd, int idle_seconds, int send_buffer, int receive_buffer);
/// Closes a connection whose peer has been silent, or has acknowledged nothing sent, for about that long.
int nt_notice_dead_peer(int fd, int timeout_ms);
/// Whether `address` needs no resolving.
int nt_is_numeric_address(const char *address);
/// Begins to connect without waiting; the socket is writable once that has succeeded or failed. -1 with errno.
int nt_dial(const char *address, uint16_t port);
/// What became of it: 0 when it is connected, else an errno value.
int nt_dial_result(int fd);
/// Resolves a host name to the first numeric address. 0, or a getaddrinfo code.
int nt_resolve(const char *host, char *address, size_t capacity);
/// Resolves a host name to all its numeric addresses, each in `width` bytes of `addresses`, at most `capacity` of
/// them. Their number, or a getaddrinfo code, which is negative.
int nt_resolve_all(const char *host, char *addresses, size_t width, int capacity);
const char *nt_resolve_error(int code);
/// A blocking connect, for tests and probes.
int nt_connect(const char *address, uint16_t port);
/// `sendmsg` of many pieces; `more` says that data follows at once (MSG_MORE). Never raises SIGPIPE, never blocks.
ssize_t nt_send(int fd, struct iovec *pieces, int count, int more);
ssize_t nt_receive(int fd, void *buffer, size_t count);
ssize_t nt_sendfile(int socket, int file, int64_t position, size_t count);
int nt_shutdown_write(int fd);

// ---- files -----------------------------------------------------------------------------------------------------

int nt_open(const char *path, int create, int exclusive);
int nt_open_directory(const char *path);
int nt_fallocate_keep_size(int fd, int64_t position, int64_t count);
int nt_syncfs(int fd);
/// Starts writing dirty pages of the range to the disk, without waiting.
int nt_start_writeback(int fd, int64_t position, int64_t count);
/// Starts reading the range into the page cache.
int nt_readahead(int fd, int64_t position, size_t count);
/// Reads only what the page cache holds; -1 with EAGAIN when the first page is not there.
ssize_t nt_read_resident(int fd, void *buffer, size_t count, int64_t position);
/// Pages of the range in the page cache (cachestat, Linux 6.5); -1 with ENOSYS before that.
int64_t nt_cached_pages(int fd, int64_t position, int64_t count);
/// Drops clean pages of the whole file from the page cache.
int nt_drop_cache(int fd);
/// An exclusive lock of the open file description, which also excludes POSIX locks of other processes.
/// 0, or -1 with EAGAIN when another holds it.
int nt_lock_file(int fd);
/// Drops it for all who share the open file description, as a child between fork and exec does.
int nt_unlock_file(int fd);

// ---- process ---------------------------------------------------------------------------------------------------

/// Raises the soft limit of open files to the hard one. The limit now in force.
int64_t nt_raise_descriptor_limit(void);
void nt_ignore_sigpipe(void);
/// Keeps freed memory for the next allocation, also of large buffers, instead of mapping and unmapping it each time.
void nt_keep_freed_memory(void);
int nt_name_thread(const char *name);
/// Both ends are closed on exec; the reading one does not block. 0, or -1 with errno.
int nt_pipe(int *reading, int *writing);
/// Starts a program in a process group of its own, with no input, no signal blocked, and its output and errors going to
/// these descriptors. It gets SIGTERM when the calling thread ends, however that ends. Its pid, or -1 with errno; a program
/// that cannot be run ends with code 127.
int nt_spawn(const char *path, const char *const *arguments, int output, int error);
/// A descriptor that is readable once the process has ended.
int nt_process_descriptor(int pid);
/// Takes the process's end, if it has ended: its exit code, or the negative number of the signal that ended it. 1 when it
/// has, 0 when not yet, -1 with errno.
int nt_reap(int pid, int *end);
/// "2026-11-22T10:00:00.123Z" of milliseconds since 1970; at least 25 bytes.
void nt_format_time(int64_t milliseconds, char *text);
int64_t nt_monotonic_nanoseconds(void);
int64_t nt_wall_milliseconds(void);
/// CPU time of the process and of this thread, in nanoseconds.
int64_t nt_process_cpu_nanoseconds(void);
int64_t nt_thread_cpu_nanoseconds(void);
