/*
 * tsproxy-cni: the CNI plugin (CNI spec 1.1.0), and by the name `tsproxy`, with arguments, the plugin of Netavark (its plugin-API.md). Runtimes start
 * it for every container and at every turn, so it is small and answers VERSION and `info` by itself. Everything else it hands to `tsproxy daemon`:
 * one HTTP request on RUN_DIR/cni.sock, {"env":{…},"config":STDIN} or {"arguments":[…],"config":STDIN}; what comes back goes to standard output as
 * it is, and the status says whether it is a result (200, 204) or an error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_INPUT (16 << 20)
#define RETRY 11         /* "try again later" */
#define NOT_AVAILABLE 50 /* of STATUS */
#define IO_FAILURE 5
#define BAD_ENVIRONMENT 4

static const char *const variables[] = {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH", "CNI_NETNS_OVERRIDE"};

struct buffer {
  char *bytes;
  size_t used, room;
};

static void add(struct buffer *b, const char *bytes, size_t length) {
  if (b->used + length + 1 > b->room) {
    b->room = (b->used + length + 1) * 2;
    b->bytes = realloc(b->bytes, b->room);
    if (b->bytes == NULL) _exit(1);
  }
  memcpy(b->bytes + b->used, bytes, length);
  b->used += length;
  b->bytes[b->used] = 0;
}

static void add_text(struct buffer *b, const char *text) {
  add(b, text, strlen(text));
}

/* As JSON has strings, RFC 8259 §7. */
static void add_string(struct buffer *b, const char *text) {
  add(b, "\"", 1);
  for (; *text != 0; text++) {
    char escaped[8];
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\' || c < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else snprintf(escaped, sizeof escaped, "%c", c);
    add_text(b, escaped);
  }
  add(b, "\"", 1);
}

/* Reads to the end; false when that fails, or is more than anybody sends. */
static bool read_all(int fd, struct buffer *b) {
  char chunk[16384];
  ssize_t n;
  add(b, "", 0);
  while ((n = read(fd, chunk, sizeof chunk)) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 || b->used + (size_t)n > MAX_INPUT) return false;
    add(b, chunk, (size_t)n);
  }
  return true;
}

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    length -= (size_t)n;
  }
  return true;
}

static int fail(int code, const char *message, const char *details) {
  struct buffer out = {0};
  char head[64];
  snprintf(head, sizeof head, "{\"cniVersion\":\"1.0.0\",\"code\":%d,\"msg\":", code);
  add_text(&out, head);
  add_string(&out, message);
  add_text(&out, ",\"details\":");
  add_string(&out, details);
  add_text(&out, "}\n");
  write_all(1, out.bytes, out.used);
  return 1;
}

static int version(void) {
  static const char answer[] = "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n";
  return write_all(1, answer, sizeof answer - 1) ? 0 : 1;
}

static int connect_daemon(char *path, size_t size) {
  const char *run_dir = getenv("TSPROXY_RUN_DIR");
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  snprintf(path, size, "%s/cni.sock", run_dir == NULL || *run_dir == 0 ? "/run/tsproxy" : run_dir);
  if (strlen(path) >= sizeof sa.sun_path) return -1;
  memcpy(sa.sun_path, path, strlen(path));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/* Hands the daemon {`what`,"config":`input`}, and prints what comes back. The exit code; or, if there is no answer, what is to be said of that. */
static int ask(int fd, const struct buffer *what, const struct buffer *input, const char **failure) {
  struct buffer body = {0}, request = {0}, reply = {0};
  char head[256];
  add_text(&body, "{");
  add(&body, what->bytes, what->used);
  add_text(&body, ",\"config\":");
  add_string(&body, input->bytes); /* as text: what is no JSON is the daemon's to say */
  add_text(&body, "}");
  snprintf(head, sizeof head, "POST /cni HTTP/1.0\r\nhost: tsproxy\r\ncontent-length: %zu\r\n\r\n", body.used);
  add_text(&request, head);
  add(&request, body.bytes, body.used);
  *failure = "tsproxy daemon does not answer";
  if (!write_all(fd, request.bytes, request.used) || !read_all(fd, &reply)) return -1;
  int status = 0;
  char *content = strstr(reply.bytes, "\r\n\r\n");
  if (sscanf(reply.bytes, "HTTP/1.%*1d %3d", &status) != 1 || content == NULL) return -1;
  content += 4;
  if (!write_all(1, content, strlen(content))) return 1;
  return status == 200 || status == 204 ? 0 : 1;
}

static int run_cni(const char *command) {
  if (*command == 0) return fail(BAD_ENVIRONMENT, "required env variables [CNI_COMMAND] missing", "");
  if (strcmp(command, "VERSION") == 0) return version();
  struct buffer input = {0}, what = {0};
  if (!read_all(0, &input)) return fail(IO_FAILURE, "error reading from stdin", strerror(errno));
  char path[256], details[256];
  int fd = connect_daemon(path, sizeof path);
  if (fd < 0) {
    bool asked = strcmp(command, "STATUS") == 0;
    snprintf(details, sizeof details, "%.200s: %s", path, strerror(errno));
    return fail(asked ? NOT_AVAILABLE : RETRY, "tsproxy daemon is not running", details);
  }
  add_text(&what, "\"env\":{");
  bool first = true;
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = getenv(variables[i]);
    if (value == NULL) continue;
    if (!first) add_text(&what, ",");
    first = false;
    add_string(&what, variables[i]);
    add_text(&what, ":");
    add_string(&what, value);
  }
  add_text(&what, "}");
  const char *failure = NULL;
  int code = ask(fd, &what, &input, &failure);
  return code < 0 ? fail(RETRY, failure, strerror(errno)) : code;
}

static int fail_netavark(const char *message, const char *details) {
  struct buffer text = {0}, out = {0};
  add_text(&text, message);
  if (*details != 0) {
    add_text(&text, ": ");
    add_text(&text, details);
  }
  add_text(&out, "{\"error\":");
  add_string(&out, text.bytes);
  add_text(&out, "}\n");
  write_all(1, out.bytes, out.used);
  return 1;
}

/* create, setup NETNS, teardown NETNS; info or nothing (netavark's plugin-API.md). */
static int run_netavark(int argc, char **argv) {
  static const char info[] = "{\"version\":\"" VERSION "\",\"api_version\":\"1.0.0\"}\n";
  if (argc < 2 || strcmp(argv[1], "info") == 0) return write_all(1, info, sizeof info - 1) ? 0 : 1;
  struct buffer input = {0}, what = {0};
  if ((strcmp(argv[1], "setup") == 0 || strcmp(argv[1], "teardown") == 0) && argc < 3) return fail_netavark("netns path argument is missing", "");
  if (!read_all(0, &input)) return fail_netavark("cannot read the request", strerror(errno));
  char path[256];
  int fd = connect_daemon(path, sizeof path);
  if (fd < 0) {
    const char *why = strerror(errno);
    strncat(path, ": ", sizeof path - strlen(path) - 1);
    strncat(path, why, sizeof path - strlen(path) - 1);
    return fail_netavark("tsproxy daemon is not running", path);
  }
  add_text(&what, "\"arguments\":[");
  for (int i = 1; i < argc; i++) {
    if (i > 1) add_text(&what, ",");
    add_string(&what, argv[i]);
  }
  add_text(&what, "]");
  const char *failure = NULL;
  int code = ask(fd, &what, &input, &failure);
  return code < 0 ? fail_netavark(failure, "") : code;
}

int main(int argc, char **argv) {
  const char *command = getenv("CNI_COMMAND");
  if (command != NULL && argc < 2) return run_cni(command);
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  const char *name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "";
  if ((argc > 1 && argv[1][0] != '-') || strcmp(name, "tsproxy") == 0) return run_netavark(argc, argv);
  dprintf(2, "tsproxy-cni %s\nCNI protocol versions supported: 0.3.1, 0.4.0, 1.0.0, 1.1.0\n", VERSION);
  return 0;
}
