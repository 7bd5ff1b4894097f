import { notifications } from '@mantine/notifications'
import { ApiFault } from '../ui/api.ts'
import { sentence } from '../ui/sentence.ts'

const closeButtonProps = { 'aria-label': 'Close' }

/** Says what has been done: `Ended 3 tunnels`. */
export function notifyDone(text: string): void {
  notifications.show({ message: sentence(text), color: 'green', closeButtonProps })
}

/** Says that something was not done, and why; it stays until somebody closes it. */
export function notifyFailed(what: string, error: unknown): void {
  const fault = error instanceof ApiFault ? error : undefined
  const why = [fault?.message ?? String(error), fault?.hint].filter((text) => text !== undefined)
  notifications.show({
    title: sentence(what),
    message: why.map(sentence).join(' '),
    color: 'red',
    autoClose: false,
    closeButtonProps,
  })
}
