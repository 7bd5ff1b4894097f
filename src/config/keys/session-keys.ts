import * as values from '../../setting-values.ts'
import { durationKey, pathKey, secretKeyKey, textKey, type Key } from '../../setting-key.ts'
import { cookieName } from './values.ts'

/** The keys about sessions: what protects their tokens and cookies, and how long they last. */
export const sessionKeys = {
  shared_secret: secretKeyKey('Signs the tokens that clients carry.'),
  shared_secret_file: pathKey(
    'File with the shared secret, instead of `shared_secret`, in its first line. Further lines are former ones: what was made by them is good as long as they stand there.',
  ),
  token_encryption_key: textKey(values.secretKey, 'base64 of 32 bytes', {
    without: 'derived from `shared_secret`',
    doc: "Encrypts the provider's tokens where they are kept.",
  }),
  token_encryption_key_file: pathKey(
    'File with such keys, one a line, instead of `token_encryption_key`: the first encrypts, the others read what was encrypted before them. `postern gateway keys rotate` moves everything to the first.',
  ),
  cookie_secret: secretKeyKey('Seals the cookies of browsers.'),
  cookie_secret_file: pathKey(
    'File with the cookie secret, instead of `cookie_secret`, in its first line. Further lines are former ones: cookies of them are good as long as they stand there.',
  ),
  cookie_name: textKey(cookieName, 'text', {
    default: 'postern',
    doc: "Name of the browser's cookies, without the `__Host-` that is put before it: `postern` is sent as `__Host-postern`, which no other host of your domain can set.",
  }),
  cookie_expire: durationKey(
    values.longDuration,
    '14h',
    'How long a session lasts from its sign-in, in browsers and clients alike. A client can renew it: its person signs in at the identity provider again, which asks them or not as its own rules say, the session lasts as long once more, and its tunnels stay open.',
    'its tunnels are cut, `session-expired` in the access log; sign in again, or renew it before',
  ),
  session_refresh_interval: durationKey(
    values.longDuration,
    '10m',
    'Longest time after which the provider is asked again who somebody is, and which groups they have.',
    'the provider is asked; a provider that is down ends no session',
  ),
} as const satisfies Record<string, Key<unknown>>
