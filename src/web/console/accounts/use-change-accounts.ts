import { useMemo } from 'react'
import type { AccountView } from '../../../console/wire/accounts.ts'
import { useAct } from '../../ui/act.ts'
import { post } from '../../ui/api.ts'
import { useConfirm, type Question } from '../../ui/confirm.tsx'
import type { AccountLink } from './link-dialog.tsx'

type Change = (account: AccountView) => void

export interface ChangeAccounts {
  readonly reset: Change
  readonly disable: Change
  readonly enable: Change
  readonly remove: Change
}

const changed = ['accounts', 'sessions', 'tunnels']

/** Asks, and changes an account; `show` is given the link of one that is reset. */
export function useChangeAccounts(show: (link: AccountLink) => void): ChangeAccounts {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(() => {
    const make =
      (
        path: string,
        done: string,
        question: (email: string) => Question,
        tell?: (link: AccountLink) => void,
      ): Change =>
      ({ id, email }) =>
        void (async () => {
          if ((await ask(question(email))) === undefined) return
          await act({
            async run() {
              const answer = await post<AccountLink>(`/accounts/${path}`, { who: id })
              tell?.(answer)
              return `${done} ${email}`
            },
            failed: `${email} was not changed`,
            changes: changed,
          })
        })()
    return {
      reset: make(
        'reset',
        'Made a new link for',
        (email) => ({
          title: `Make a new link for ${email}?`,
          body: 'Their passkeys are removed, and their sessions and tunnels end. Be sure that it is they who ask for it.',
          action: 'Make a new link',
        }),
        show,
      ),
      disable: make('disable', 'Disabled', (email) => ({
        title: `Disable ${email}?`,
        body: 'Their sessions and tunnels end at once, and they cannot sign in until somebody enables them. Their passkeys stay.',
        action: 'Disable it',
      })),
      enable: make('enable', 'Enabled', (email) => ({
        title: `Enable ${email}?`,
        body: 'They can sign in again with the passkeys that they have.',
        action: 'Enable it',
        isHarmless: true,
      })),
      remove: make('remove', 'Removed', (email) => ({
        title: `Remove ${email}?`,
        body: 'The account and its passkeys are gone, and its sessions and tunnels end. It cannot be taken back.',
        action: 'Remove it',
      })),
    }
  }, [ask, act, show])
}
