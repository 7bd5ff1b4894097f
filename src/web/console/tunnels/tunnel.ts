import type { TunnelView } from '../../../console/wire/tunnels.ts'

export type Tunnel = TunnelView

/** Whose it is, by the best name there is. */
export function ownerOf({ email, user, service_account_id }: Tunnel): string {
  return email ?? user ?? service_account_id ?? 'nobody had to sign in'
}

/** Every word of what is wanted is somewhere in it. */
export function fits(tunnel: Tunnel, wanted: string): boolean {
  const { id, route, target, user, email, service_account_id, ip, connector } = tunnel
  const text = [id, route, target, user, email, service_account_id, ip, connector?.tunnel]
    .filter((word) => typeof word === 'string')
    .join(' ')
    .toLowerCase()
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
