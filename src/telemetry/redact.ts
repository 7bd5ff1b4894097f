/**
 * Defence in depth: whoever calls the log is to leave secrets out; this makes sure. It goes by the
 * names of keys and by the look of values, and can be wrong only towards hiding too much.
 */

export const redacted = '[redacted]'

/**
 * How deep a logged value is followed, in levels of nesting.
 *
 * @limit none: how deep a logged value is followed
 */
const maxDepth = 6
/**
 * How often a parameter's value is taken apart as a URL of its own, in levels.
 *
 * @limit none: how deep a logged query is followed
 */
const maxUrlDepth = 3
/**
 * How much of one array or object is logged, in entries.
 *
 * @limit none: how much of a list is logged
 */
const maxEntries = 100
/**
 * How much of one string is logged, in UTF-16 code units.
 *
 * @limit none: how much of a text is logged
 */
const maxStringLength = 2_048

const secretWords = new Set([
  'assertion',
  'authorization',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'jwt',
  'passphrase',
  'password',
  'secret',
  'secrets',
  'sig',
  'signature',
  'token',
  'tokens',
  'verifier',
])

/**
 * Secret only as the whole name: `error-code` and `route-key` are none. The id of a service token is
 * half of a credential, and no log needs it.
 */
const secretNames = new Set([
  'cf-access-client-id',
  'api-key',
  'apikey',
  'code',
  'id-token-hint',
  'key',
  'nonce',
  'private-key',
  'relay-state',
  'relaystate',
  'saml-response',
  'samlresponse',
  'shared-key',
  'session-state',
  'signing-key',
  'state',
])

// Three base64url parts, the first of which opens a JSON object (RFC 7519 §3), or what a cut has left of
// them. Whatever begins so is one: to go on looking for dots would begin anew at each of a thousand.
const jsonWebToken = /\beyJ[\w-]{5,}(?:\.[\w-]*){0,2}/g
/** Secrets of service accounts, as `identity/` makes them. */
const serviceAccountSecret = /\bpostern_[\w-]{16,}/g
/** From the `?` or `#` of a URL, or of a path, to its end. */
const queryOfUrl = /([?#])([^\s"'<>?#]*=[^\s"'<>?#]*)/g
/** Bytes of RFC 3986 §2.1, one after the other. */
const percentEncoded = /(?:%[\da-f]{2})+/gi
const authorizationValue = /\b(Bearer|Basic|Pomerium)\s+(?:Pomerium-)?[\w.~+/=-]{16,}/gi

/**
 * Whether a value under this name is never logged: a name that ends in a word such as `token` or
 * `cookie`, however it is written (`accessToken`, `access_token`, `Access-Token`), or is `code`.
 */
export function isSecretName(name: string): boolean {
  const plain = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return secretNames.has(plain) || secretWords.has(plain.slice(plain.lastIndexOf('-') + 1))
}

/** Whether they are, of names of fields: the program's own, a few hundred, in each line that is logged. */
const knownFields = new Map<string, boolean>()
/** @limit none: names of logged fields whose secrecy is remembered */
const maxKnownFields = 1_000

/** @limit none: longest such name, in UTF-16 code units */
const maxFieldLength = 64

function isSecretField(name: string): boolean {
  const known = knownFields.get(name)
  if (known !== undefined) return known
  const isSecret = isSecretName(name)
  if (knownFields.size < maxKnownFields && name.length <= maxFieldLength)
    knownFields.set(name, isSecret)
  return isSecret
}

/** A copy that is safe to log: no secrets, no cycles, bounded, errors as their message. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return redactText(value.message)
  if (value instanceof Date || value instanceof URL) return redactText(value.toJSON())
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth === maxDepth) return '[too deep]'
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => redact(item, depth + 1))
  return redactFields(value, depth + 1)
}

/** The same for the fields of an object. */
export function redactFields(fields: object, depth = 0): Record<string, unknown> {
  const entries = Object.entries(fields)
    .slice(0, maxEntries)
    .map(([name, value]) => [name, redactField(name, value, depth)])
  return Object.fromEntries(entries) as Record<string, unknown>
}

/**
 * A query string (without `?`) with the values of secret parameters hidden: what a callback of a sign-in
 * carries, and what makes a signed URL good. A value that is a URL itself is looked into as well.
 */
export function redactQuery(query: string, depth = 0): string {
  return query
    .split(/([&;])/)
    .map((pair) => (pair.includes('=') ? redactPair(pair, depth) : pair))
    .join('')
}

function redactPair(pair: string, depth: number): string {
  const [name = ''] = pair.split('=', 1)
  if (isSecretName(decoded(name))) return `${name}=${redacted}`
  return `${name}=${redactValue(pair.slice(name.length + 1), depth)}`
}

/** As it is where there is nothing to hide, also when it is encoded more often than it need be. */
function redactValue(value: string, depth: number): string {
  if (depth === maxUrlDepth) return value
  const plain = decoded(value)
  const looked = redactUrls(plain, depth + 1)
  const shown = looked === plain && plain !== value ? redactValue(plain, depth + 1) : looked
  // Half a pair, as a cut may leave it, cannot be encoded.
  return shown === plain ? value : encodeURIComponent(shown.toWellFormed())
}

/** Hides them in every URL of a text: a `Referer`, a location, the words of an error. */
function redactUrls(text: string, depth = 0): string {
  return text.replaceAll(
    queryOfUrl,
    (_, mark: string, query: string) => mark + redactQuery(query, depth),
  )
}

function redactField(name: string, value: unknown, depth: number): unknown {
  return value !== undefined && isSecretField(name) ? redacted : redact(value, depth)
}

/** What each of the patterns above needs to be there at all: most of what is logged has nothing of it. */
const anyHint = /[?#]|eyJ|postern_|Bearer|Basic|Pomerium/i

/** What is not shown is not looked at: a stranger's path may have 32 KiB. */
function redactText(text: string): string {
  const shown = excerpt(text)
  if (!anyHint.test(shown)) return shown
  return redactUrls(shown)
    .replaceAll(jsonWebToken, redacted)
    .replaceAll(serviceAccountSecret, redacted)
    .replaceAll(authorizationValue, `$1 ${redacted}`)
}

/** As much of a text as a log line shows. */
export function excerpt(text: string): string {
  return text.length > maxStringLength ? `${text.slice(0, maxStringLength)}…` : text
}

/** Whatever is encoded in it: one escape that is none, or that a cut has left in part, hides no other. */
function decoded(text: string): string {
  return text.replaceAll(percentEncoded, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
  )
}
