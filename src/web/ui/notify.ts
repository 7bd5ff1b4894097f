import { notifications } from '@mantine/notifications'
import { sentence } from './sentence.ts'
import type { FaultShown } from './states.tsx'

const closeButtonProps = { 'aria-label': 'Close' }

/** Says what has been done: `Ended 3 tunnels`. */
export function notifyDone(text: string): void {
  notifications.show({ message: sentence(text), color: 'green', closeButtonProps })
}

/** Says that something was not done, and why; it stays until somebody closes it. */
export function notifyFailed(what: string, error: unknown): void {
  const { message, hint }: Partial<FaultShown> = error instanceof Error ? error : {}
  const why = [message ?? String(error), hint].filter((text) => text !== undefined)
  notifications.show({
    title: sentence(what),
    message: why.map(sentence).join(' '),
    color: 'red',
    autoClose: false,
    closeButtonProps,
  })
}
