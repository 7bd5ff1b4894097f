import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useMemo } from 'react'
import type {
  BlockedAnswer,
  BlocksAnswer,
  BlockView,
  UnblockedAnswer,
} from '../../../console/wire/blocks.ts'
import { del, get, put, type ApiFault } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { useAct } from '../../ui/act.ts'

/** Everybody who is blocked. */
export function useBlocks(): UseQueryResult<BlocksAnswer, ApiFault> {
  return useQuery<BlocksAnswer, ApiFault>({
    queryKey: ['blocks'],
    queryFn: ({ signal }) => get('/blocks', { signal }),
  })
}

/** Whether a block is of somebody, by user id or email address. */
export function isBlockOf({ who, user_ids, emails }: BlockView, names: readonly string[]): boolean {
  const blocked = new Set([who, ...user_ids, ...emails].map((name) => name.toLowerCase()))
  return names.some((name) => blocked.has(name.toLowerCase()))
}

/** Whether SCIM keeps out whoever is blocked by a block, so that they stay out without it. */
export function isAlsoByScim(
  { who, user_ids, emails }: BlockView,
  all: readonly BlockView[],
): boolean {
  return all.some((it) => it.by_scim && isBlockOf(it, [who, ...user_ids, ...emails]))
}

/** What lets somebody in again whom SCIM keeps out. */
export const scimAdvice = 'Only their directory lets them in again, where they have to be active.'

export interface ChangeBlocks {
  /** `who` is a user id or an email address, `name` what to call them. */
  readonly block: (who: string, name: string) => void
  /** `by` says whether SCIM keeps them out besides. */
  readonly unblock: (block: BlockView, by: { readonly isByScim: boolean }) => void
}

const changes = ['blocks', 'sessions', 'tunnels', 'overview', 'audit']

/** Asks, and keeps somebody out, or no longer. */
export function useChangeBlocks(): ChangeBlocks {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(() => {
    const block = async (who: string, name: string): Promise<void> => {
      const answer = await ask({
        title: `Block ${name}?`,
        body: 'Their tunnels and sessions end within a second, on every gateway, and they cannot sign in again until somebody unblocks them. Their program says that they are blocked.',
        action: 'Block them',
        reason: 'Why, for the audit log',
      })
      if (answer === undefined) return
      await act({
        async run() {
          const { reason } = answer
          const done = await put<BlockedAnswer>(`/blocks/${encodeURIComponent(who)}`, { reason })
          const sessions = formatNumberOf(done.sessions_ended, 'session')
          return `Blocked ${name}: ended ${sessions} and ${formatNumberOf(done.tunnels_cut, 'tunnel')}`
        },
        failed: `${name} was not blocked`,
        changes,
      })
    }
    const unblock = async ({ who }: BlockView, isByScim: boolean): Promise<void> => {
      const answer = await ask({
        title: isByScim ? `Unblock ${who}?` : `Let ${who} in again?`,
        body: isByScim
          ? `They stay out, since SCIM has deactivated them. ${scimAdvice}`
          : 'They can sign in again, and have the access that policies give them.',
        action: 'Unblock them',
        isHarmless: true,
      })
      if (answer === undefined) return
      await act({
        async run() {
          const done = await del<UnblockedAnswer>(`/blocks/${encodeURIComponent(who)}`)
          const others = done.still_blocked_as
          if (isByScim) return `Unblocked ${who}, whom SCIM still keeps out`
          if (others.length === 0) return `Unblocked ${who}`
          return `Unblocked ${who}, who is still blocked as ${others.join(' and as ')}`
        },
        failed: `${who} is still blocked`,
        changes,
      })
    }
    return {
      block: (who, name) => void block(who, name),
      unblock: (of, { isByScim }) => void unblock(of, isByScim),
    }
  }, [ask, act])
}
