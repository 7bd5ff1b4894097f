import { useMemo } from 'react'
import type {
  NamedTunnelDeletedView,
  NamedTunnelSecretsView,
  NamedTunnelView,
} from '../../../console/wire/connectors.ts'
import { ApiFault, del, post } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatCount, formatNumberOf } from '../../ui/format.ts'
import { useAct } from '../../ui/act.ts'

/** What can be done to a named tunnel by a button of its row. */
export interface EndTunnel {
  /** Gives it another token, which `rotated` is told. */
  rotate(tunnel: NamedTunnelView): void
  delete(tunnel: NamedTunnelView): void
}

const kinds = ['named-tunnels', 'connectors', 'tunnels'] as const

/** Asks before its connectors are ended, and once more where routes lead nowhere without it. */
export function useEndTunnel(rotated: (secrets: NamedTunnelSecretsView) => void): EndTunnel {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(() => {
    async function rotate({ id, name, connectors }: NamedTunnelView): Promise<void> {
      const answer = await ask({
        title: `Give ${name} another token?`,
        body: `The token of now is worth nothing at once: its ${ofNow(connectors)}, and come back only with the new one.`,
        action: 'Make another token',
      })
      if (answer === undefined) return
      await act({
        async run() {
          rotated(await post<NamedTunnelSecretsView>(`${pathOf(id)}/rotate`))
          return `Another token was made for ${name}`
        },
        failed: `The token of ${name} is as it was`,
        changes: kinds,
      })
    }

    async function remove(tunnel: NamedTunnelView, use?: ApiFault): Promise<void> {
      const { id, name, connectors, hostnames } = tunnel
      const answer = await ask({
        title: use === undefined ? `Delete ${name}?` : `Delete ${name} all the same?`,
        body:
          use === undefined
            ? `${leadNowhere(hostnames.length)} Nobody can register by its token any more.`.trim()
            : `${sentence(use.message)} Its ${ofNow(connectors)}.`,
        action: 'Delete it',
      })
      if (answer === undefined) return
      let inUse: ApiFault | undefined
      await act({
        async run() {
          try {
            const force = use === undefined ? 'false' : 'true'
            const { notices } = await del<NamedTunnelDeletedView>(pathOf(id), { force })
            return [`Deleted ${name}`, ...notices].join('. ')
          } catch (error) {
            if (!isInUse(error)) throw error
            inUse = error
            return undefined
          }
        },
        failed: `${name} was not deleted`,
        changes: kinds,
      })
      if (inUse !== undefined) await remove(tunnel, inUse)
    }

    return {
      rotate: (tunnel) => void rotate(tunnel),
      delete: (tunnel) => void remove(tunnel),
    }
  }, [ask, act, rotated])
}

function isInUse(error: unknown): error is ApiFault {
  return error instanceof ApiFault && ['tunnel_connected', 'tunnel_in_use'].includes(error.code)
}

const pathOf = (id: string): string => `/named-tunnels/${encodeURIComponent(id)}`

function ofNow(connectors: number): string {
  const count = connectors === 0 ? 'none' : formatCount(connectors)
  return `connectors, ${count} here now, end with their tunnels`
}

function leadNowhere(hostnames: number): string {
  if (hostnames === 0) return ''
  const verb = hostnames === 1 ? 'leads' : 'lead'
  return `Its ${formatNumberOf(hostnames, 'host name')} ${verb} nowhere then.`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
