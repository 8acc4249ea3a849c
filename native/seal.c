/*
 * AEAD over packet memory, many messages with one call: AES-256-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), by the OpenSSL inside of
 * Node.js, whose functions the program exports (or the shared library that a distribution's Node.js is linked with). They are the same since OpenSSL
 * 1.1.0. The symbols are weak: where they are missing nothing can be sealed, and the rest of the addon works.
 *
 * A message is at `offset` in packet memory: AAD bytes that are authenticated, of which the last NONCE are the nonce, then what is encrypted in place,
 * then room for, or, the TAG. What the bytes mean is known to src/wire/sealed.ts alone.
 * Descriptors, int32 x 4 a message: key, offset, length without the tag; result: 0, or -errno (EBADMSG: not authentic, ENOKEY, EINVAL).
 */
#include "parts.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define AAD 16
#define NONCE 12
#define TAG 16
#define KEY 32
#define MAX_KEYS 65536

/* openssl/evp.h */
typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
typedef struct evp_cipher_st EVP_CIPHER;
#define EVP_CTRL_AEAD_GET_TAG 0x10
#define EVP_CTRL_AEAD_SET_TAG 0x11
#define WEAK __attribute__((weak))
extern EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void) WEAK;
extern void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX *) WEAK;
extern int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *, int type, int arg, void *ptr) WEAK;
extern int EVP_CipherInit_ex(EVP_CIPHER_CTX *, const EVP_CIPHER *, void *engine, const uint8_t *key, const uint8_t *iv, int enc) WEAK;
extern int EVP_CipherUpdate(EVP_CIPHER_CTX *, uint8_t *out, int *out_len, const uint8_t *in, int in_len) WEAK;
extern int EVP_CipherFinal_ex(EVP_CIPHER_CTX *, uint8_t *out, int *out_len) WEAK;
extern const EVP_CIPHER *EVP_aes_256_gcm(void) WEAK;
extern const EVP_CIPHER *EVP_chacha20_poly1305(void) WEAK;

struct key {
  EVP_CIPHER_CTX *ctx;
  bool encrypts;
};

struct sealer {
  uint8_t *memory;
  size_t size;
  int32_t *work;
  uint32_t most; /* messages */
  struct key *keys;
  uint32_t nkeys;
  napi_ref keep[2];
};

static bool have_library(void) {
  return EVP_CIPHER_CTX_new && EVP_CIPHER_CTX_free && EVP_CIPHER_CTX_ctrl && EVP_CipherInit_ex && EVP_CipherUpdate && EVP_CipherFinal_ex &&
         EVP_aes_256_gcm && EVP_chacha20_poly1305;
}

static struct sealer *get_sealer(napi_env env, napi_value v) {
  void *p = NULL;
  napi_get_value_external(env, v, &p);
  return p;
}

static void free_sealer(napi_env env, void *data, void *hint) {
  (void)hint;
  struct sealer *s = data;
  for (uint32_t i = 0; i < s->nkeys; i++)
    if (s->keys[i].ctx) EVP_CIPHER_CTX_free(s->keys[i].ctx);
  for (int i = 0; i < 2; i++) napi_delete_reference(env, s->keep[i]);
  free(s->keys);
  free(s);
}

/* Some builds of OpenSSL leave out what their rules do not allow. */
static bool have_cipher(const EVP_CIPHER *cipher) {
  static const uint8_t key[KEY];
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  bool works = ctx && cipher && EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, 1) == 1;
  if (ctx) EVP_CIPHER_CTX_free(ctx);
  return works;
}

/* sealSupport() -> 0: nothing can be sealed; 1: it can; 3: and the processor has instructions for AES. */
static napi_value seal_support(napi_env env, napi_callback_info info) {
  (void)info;
  bool aes = false;
#if defined(__x86_64__)
  aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
  aes = (getauxval(AT_HWCAP) & (HWCAP_AES | HWCAP_PMULL)) == (HWCAP_AES | HWCAP_PMULL);
#endif
  if (!have_library() || !have_cipher(EVP_aes_256_gcm()) || !have_cipher(EVP_chacha20_poly1305())) return tsp_num(env, 0);
  return tsp_num(env, aes ? 3 : 1);
}

/* sealCreate(memory, descriptors) -> handle */
static napi_value seal_create(napi_env env, napi_callback_info info) {
  napi_value argv[2], out;
  tsp_args(env, info, 2, argv);
  uint8_t *memory, *work;
  size_t size, work_size;
  if (!tsp_bytes(env, argv[0], &memory, &size) || !tsp_bytes(env, argv[1], &work, &work_size)) return NULL;
  if (!have_library()) return tsp_throw(env, "EVP_CIPHER_CTX_new", ENOSYS);
  struct sealer *s = calloc(1, sizeof *s);
  s->memory = memory, s->size = size, s->work = (int32_t *)work, s->most = (uint32_t)(work_size / 16);
  for (int i = 0; i < 2; i++) napi_create_reference(env, argv[i], 1, &s->keep[i]);
  napi_create_external(env, s, free_sealer, NULL, &out);
  return out;
}

static void drop_key(struct sealer *s, uint32_t n) {
  if (n >= s->nkeys || !s->keys[n].ctx) return;
  EVP_CIPHER_CTX_free(s->keys[n].ctx); /* which clears it */
  s->keys[n].ctx = NULL;
}

static bool make_room(struct sealer *s, uint32_t n) {
  if (n < s->nkeys) return true;
  if (n >= MAX_KEYS) return false;
  uint32_t count = s->nkeys < 16 ? 16 : s->nkeys;
  while (count <= n) count *= 2;
  struct key *keys = realloc(s->keys, count * sizeof *keys);
  if (!keys) return false;
  memset(keys + s->nkeys, 0, (count - s->nkeys) * sizeof *keys);
  s->keys = keys, s->nkeys = count;
  return true;
}

/* sealSetKey(handle, n, cipher, key, encrypts): `cipher` 0 AES-256-GCM, 1 ChaCha20-Poly1305 */
static napi_value seal_set_key(napi_env env, napi_callback_info info) {
  napi_value argv[5];
  tsp_args(env, info, 5, argv);
  struct sealer *s = get_sealer(env, argv[0]);
  uint32_t n = tsp_u32(env, argv[1]);
  uint8_t *key;
  size_t len;
  if (!tsp_bytes(env, argv[3], &key, &len)) return NULL;
  if (len != KEY || !make_room(s, n)) return tsp_throw(env, "sealSetKey", EINVAL);
  drop_key(s, n);
  bool encrypts = tsp_i32(env, argv[4]) != 0;
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  const EVP_CIPHER *cipher = tsp_i32(env, argv[2]) == 0 ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
  /* Both have nonces of 12 bytes unless told otherwise. */
  if (!ctx || EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, encrypts) != 1) {
    if (ctx) EVP_CIPHER_CTX_free(ctx);
    return tsp_throw(env, "EVP_CipherInit_ex", ENOTSUP);
  }
  s->keys[n] = (struct key){ctx, encrypts};
  return NULL;
}

/* sealDropKey(handle, n) */
static napi_value seal_drop_key(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  drop_key(get_sealer(env, argv[0]), tsp_u32(env, argv[1]));
  return NULL;
}

static int32_t run_one(const struct sealer *s, const int32_t *d) {
  uint32_t n = (uint32_t)d[0];
  if (d[1] < 0 || d[2] < AAD || (size_t)d[1] + (size_t)d[2] + TAG > s->size) return -EINVAL;
  if (n >= s->nkeys || !s->keys[n].ctx) return -ENOKEY;
  const struct key *key = &s->keys[n];
  uint8_t *header = s->memory + d[1], *body = header + AAD, *tag = header + d[2];
  int len = d[2] - AAD, done = 0, last = 0;
  if (EVP_CipherInit_ex(key->ctx, NULL, NULL, NULL, header + AAD - NONCE, key->encrypts) != 1) return -EINVAL;
  if (!key->encrypts && EVP_CIPHER_CTX_ctrl(key->ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1) return -EINVAL;
  if (EVP_CipherUpdate(key->ctx, NULL, &done, header, AAD) != 1) return -EINVAL;
  if (len > 0 && EVP_CipherUpdate(key->ctx, body, &done, body, len) != 1) return -EBADMSG;
  if (EVP_CipherFinal_ex(key->ctx, tag, &last) != 1) return -EBADMSG; /* neither cipher writes anything here */
  if (key->encrypts && EVP_CIPHER_CTX_ctrl(key->ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) != 1) return -EINVAL;
  return 0;
}

/* sealRun(handle, count) -> messages that could not be sealed, or opened. */
static napi_value seal_run(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  struct sealer *s = get_sealer(env, argv[0]);
  uint32_t count = tsp_u32(env, argv[1]), failed = 0;
  if (count > s->most) count = s->most;
  for (uint32_t i = 0; i < count; i++) {
    int32_t *d = s->work + i * 4;
    d[3] = run_one(s, d);
    failed += d[3] != 0;
  }
  return tsp_num(env, failed);
}

void seal_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "sealSupport", seal_support);
  tsp_export(env, exports, "sealCreate", seal_create);
  tsp_export(env, exports, "sealSetKey", seal_set_key);
  tsp_export(env, exports, "sealDropKey", seal_drop_key);
  tsp_export(env, exports, "sealRun", seal_run);
}
