/** An id and its secret, as they are handed out. */
export interface IdAndSecret {
  readonly id: string
  readonly secret: string
}

const names = { id: 'TUNNEL_SERVICE_TOKEN_ID', secret: 'TUNNEL_SERVICE_TOKEN_SECRET' } as const

/** Variables by which cloudflared takes them, and we do. */
export const idAndSecretVariables = names

/** Writes them as lines that a shell, systemd (`EnvironmentFile=`) and containers read as variables. */
export function formatIdAndSecret({ id, secret }: IdAndSecret): string {
  return `${names.id}=${id}\n${names.secret}=${secret}\n`
}

/** Reads such lines; undefined for any other text. Blank lines and comments are left out. */
export function parseIdAndSecret(text: string): IdAndSecret | undefined {
  const lines = text.split('\n').map((line) => line.trim())
  const given = new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => /^(?:export )?(\w+)=(["']?)([^"']*)\2$/.exec(line))
      .map((match) => [match?.[1] ?? '', match?.[3] ?? ''] as const),
  )
  const id = given.get(names.id)
  const secret = given.get(names.secret)
  return given.size === 2 && id && secret ? { id, secret } : undefined
}
