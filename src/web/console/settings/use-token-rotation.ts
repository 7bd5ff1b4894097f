import { useState } from 'react'
import type { TokenRotationStepAnswer } from '../../../console/wire/keys.ts'
import { post } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { useAct } from '../../ui/act.ts'

export interface TokenRotation {
  readonly rotate: () => void
  /** Sessions whose tokens are under the new key already; undefined while none is rotated. */
  readonly moved: number | undefined
}

/** Asks, and encrypts every stored token with a new key, a step at a time. */
export function useTokenRotation(): TokenRotation {
  const ask = useConfirm()
  const { act } = useAct()
  const [moved, setMoved] = useState<number>()
  const rotate = async (): Promise<void> => {
    const answer = await ask({
      title: 'Encrypt all stored tokens with a new key?',
      body: 'Stay on this page until it is done. One that was interrupted goes on at the next try.',
      action: 'Rotate it',
      isHarmless: true,
    })
    if (answer === undefined) return
    setMoved(0)
    await act({
      run: () => rotateAll(setMoved),
      failed: 'some tokens have the former key still',
      changes: ['keys', 'sessions'],
    })
    setMoved(undefined)
  }
  return { rotate: () => void rotate(), moved }
}

/** Resolves to what was done, in words. */
async function rotateAll(tell: (moved: number) => void): Promise<string> {
  await post('/token-keys/rotation')
  let moved = 0
  let ended = 0
  for (let after: string | null = ''; after !== null;) {
    const step: TokenRotationStepAnswer = await post('/token-keys/rotation/step', { after })
    moved += step.moved
    ended += step.ended.length
    after = step.next
    tell(moved)
  }
  const words = `encrypted the tokens of ${formatNumberOf(moved, 'session')} with a new key`
  if (ended === 0) return words
  return `${words}; ${formatNumberOf(ended, 'session')} ended, whose stored tokens were changed from outside`
}
