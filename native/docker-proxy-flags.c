/* docker-proxy's flags in the syntax and with the messages of Go's package flag (src/flag/flag.go of Go 1.21). */
#include "docker-proxy.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum kind { STRING, ADDRESS, INTEGER, BOOLEAN };

struct flags flags = {"tcp", "0.0.0.0", "0.0.0.0", -1, -1, false, false};

static const struct flag {
  const char *name, *help;
  enum kind kind;
  void *value;
} table[] = {
    {"container-ip", "container ip (default 0.0.0.0)", ADDRESS, &flags.container_ip},
    {"container-port", "container port (default -1)", INTEGER, &flags.container_port},
    {"host-ip", "host ip (default 0.0.0.0)", ADDRESS, &flags.host_ip},
    {"host-port", "host port (default -1)", INTEGER, &flags.host_port},
    {"proto", "proxy protocol (default \"tcp\")", STRING, &flags.proto},
    {"use-listen-fd", "use a supplied listen fd", BOOLEAN, &flags.use_listen_fd},
    {"v", "print version information and quit", BOOLEAN, &flags.version},
    {"version", "print version information and quit", BOOLEAN, &flags.version},
};
#define FLAGS (sizeof table / sizeof *table)

static void usage(const char *self, int code) {
  static const char *const types[] = {" string", " value", " int", ""};
  dprintf(2, "Usage of %s:\n", self);
  for (size_t i = 0; i < FLAGS; i++) dprintf(2, "  -%s%s\n    \t%s\n", table[i].name, types[table[i].kind], table[i].help);
  exit(code);
}

int address_family(const char *ip) {
  struct in6_addr any;
  return inet_pton(AF_INET, ip, &any) == 1 ? AF_INET : inet_pton(AF_INET6, ip, &any) == 1 ? AF_INET6 : AF_UNSPEC;
}

static bool parse_bool(const char *text, bool *out) {
  static const char *const words[] = {"0", "f", "F", "false", "FALSE", "False", "1", "t", "T", "true", "TRUE", "True"};
  for (size_t i = 0; i < 12; i++) {
    if (strcmp(text, words[i]) != 0) continue;
    *out = i >= 6;
    return true;
  }
  return false;
}

/* NULL, or what is wrong with the value. */
static const char *set_flag(const struct flag *f, char *value) {
  char *end;
  switch (f->kind) {
  case INTEGER:
    errno = 0;
    *(long *)f->value = strtol(value, &end, 0);
    return errno == 0 && *value != 0 && *end == 0 ? NULL : "parse error";
  case BOOLEAN:
    return parse_bool(value, f->value) ? NULL : "parse error";
  case ADDRESS: /* an empty one is none, as dockerd before 28 means it */
    if (*value == 0) return NULL;
    if (address_family(value) == AF_UNSPEC) return "invalid IP address";
    *(const char **)f->value = value;
    return NULL;
  default:
    *(const char **)f->value = value;
    return NULL;
  }
}

void parse_flags(int argc, char **argv) {
  for (int i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
    char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
    if (name[0] == 0) return; /* "--" */
    if (name[0] == '-' || name[0] == '=') {
      dprintf(2, "bad flag syntax: %s\n", argv[i]);
      usage(argv[0], 2);
    }
    char *equals = strchr(name, '='), *value = NULL;
    if (equals != NULL) *equals = 0, value = equals + 1;
    const struct flag *f = NULL;
    for (size_t k = 0; k < FLAGS; k++)
      if (strcmp(table[k].name, name) == 0) f = &table[k];
    if (f == NULL) {
      if (strcmp(name, "h") == 0 || strcmp(name, "help") == 0) usage(argv[0], 0);
      dprintf(2, "flag provided but not defined: -%s\n", name);
      usage(argv[0], 2);
    }
    static char yes[] = "true";
    if (value == NULL) value = f->kind == BOOLEAN ? yes : argv[++i];
    if (value == NULL) {
      dprintf(2, "flag needs an argument: -%s\n", name);
      usage(argv[0], 2);
    }
    const char *wrong = set_flag(f, value);
    if (wrong != NULL) {
      if (f->kind == BOOLEAN) dprintf(2, "invalid boolean value \"%s\" for -%s: %s\n", value, name, wrong);
      else dprintf(2, "invalid value \"%s\" for flag -%s: %s\n", value, name, wrong);
      usage(argv[0], 2);
    }
    if (equals != NULL) *equals = '='; /* ps shows the flags as they came */
  }
}
