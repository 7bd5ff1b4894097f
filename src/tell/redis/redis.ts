import type { Follower } from '../follower.ts'
import { plainText } from '../plain-text.ts'
import { readReplies } from './replies.ts'
import { readRequests } from './requests.ts'

const subscribes = new Set(['subscribe', 'psubscribe', 'ssubscribe'])
/**
 * After these it is not known how many replies a request has, or whether the connection goes on: those that leave
 * channels are answered for each of them, monitors and replicas get what nobody asked for, and `client reply` turns
 * replies off.
 */
const unfollowed = new Set([
  'unsubscribe',
  'punsubscribe',
  'sunsubscribe',
  'monitor',
  'sync',
  'psync',
  'replconf',
  'quit',
  'client reply',
])

/**
 * Follows a connection to Redis: told is an error, where no reply is owed, so that it is the answer to the next request,
 * or where channels are subscribed to, since there the client reads all the time. Each request has one reply, and what
 * version 3 pushes has no request.
 */
export function followRedis(): Follower {
  let owed = 0
  let isSubscribed = false
  let isLost = false

  const requests = readRequests((command, argument) => {
    if (subscribes.has(command)) isSubscribed = true
    else if (unfollowed.has(command) || unfollowed.has(`${command} ${argument}`)) isLost = true
    // By the answers it is not told apart whether it still is.
    else if (isSubscribed && command !== 'ping') isLost = true
    else if (!isSubscribed) owed += 1
  })
  const replies = readReplies((isPush) => {
    if (isPush) return
    if (owed > 0) owed -= 1
    else if (!isSubscribed) isLost = true
  })

  return {
    fromClient(bytes) {
      if (!isLost) requests.take(bytes)
    },
    fromService(bytes) {
      if (!isLost) replies.take(bytes)
    },
    tell({ message, hint }) {
      if (isLost || requests.isLost || replies.isLost) return undefined
      if (owed > 0 || !requests.isBetween || !replies.isBetween) return undefined
      const text = [message, hint]
        .filter((part) => part !== '')
        .map(plainText)
        .join('; ')
      return Buffer.from(`-ERR ${text}\r\n`)
    },
  }
}
