import type {
  SigningKeyRotated,
  SigningKeysForgotten,
  SigningPurpose,
} from '../../../console/wire/keys.ts'
import { del, post } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { useAct } from '../../ui/act.ts'
import { purposes } from './purposes.ts'

export interface ChangeKeys {
  readonly rotate: () => void
  readonly forget: () => void
  readonly isBusy: boolean
}

/** Asks, and changes the keys of a purpose. */
export function useChangeKeys(purpose: SigningPurpose): ChangeKeys {
  const ask = useConfirm()
  const { act, isBusy } = useAct()
  const { title, rotated, forgotten } = purposes[purpose]
  const path = `/signing-keys/${purpose}`
  const rotate = async (): Promise<void> => {
    const question = {
      title: `Rotate the key of “${title}”?`,
      body: rotated,
      action: 'Rotate it',
      isHarmless: true,
    }
    if ((await ask(question)) === undefined) return
    await act({
      run: async () => describeRotated(await post<SigningKeyRotated>(`${path}/rotation`)),
      failed: 'the key is the one it was',
      changes: ['keys'],
    })
  }
  const forget = async (): Promise<void> => {
    const question = {
      title: `Forget the former keys of “${title}”?`,
      body: `${forgotten} It cannot be taken back.`,
      action: 'Forget them',
    }
    if ((await ask(question)) === undefined) return
    await act({
      run: async () => describeForgotten(await del<SigningKeysForgotten>(`${path}/former`)),
      failed: 'the former keys are still there',
      changes: ['keys', 'connectors', 'tunnels'],
    })
  }
  return { rotate: () => void rotate(), forget: () => void forget(), isBusy }
}

function describeRotated({ untrusting }: SigningKeyRotated): string {
  const away = untrusting.map(({ tunnel }) => tunnel)
  if (away.length === 0) return 'there is a new key'
  return `there is a new key, which connectors of ${away.join(', ')} have not taken over yet`
}

function describeForgotten({ forgotten, cut }: SigningKeysForgotten): string {
  const words = `forgot ${formatNumberOf(forgotten.length, 'key')}`
  if (cut.length === 0) return words
  return `${words}; in need of a new token: ${cut.map(({ tunnel }) => tunnel).join(', ')}`
}
