import { randomBytes } from 'node:crypto'

const idBytes = 32

/** Names a session: 32 random bytes in base64url. None begins with "-", which commands that are given one take for an option. */
export function makeSessionId(): string {
  for (;;) {
    const id = randomBytes(idBytes).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
