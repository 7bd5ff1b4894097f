import { AccessError } from '../errors.ts'
import type { BlockedPeople, KeptOutPerson } from '../identity/blocked-people.ts'
import type { Provisioned, UserResource } from './provisioned.ts'
import { addressesOf } from './user.ts'

/**
 * Blocked people with those who were deactivated or deleted where users are provisioned from: both may do nothing here, and
 * the lists show both. Only the source of a user takes the latter back.
 */
export function keepOutDeactivated(
  blockedPeople: BlockedPeople,
  provisioned: Pick<Provisioned, 'isKeptOut' | 'deactivated' | 'onChanged'>,
): BlockedPeople {
  return {
    ...blockedPeople,
    isBlocked: (person) => blockedPeople.isBlocked(person) || provisioned.isKeptOut(person),
    check(person) {
      blockedPeople.check(person)
      if (provisioned.isKeptOut(person)) throw deactivated()
    },
    list: () =>
      [...blockedPeople.list(), ...provisioned.deactivated().map(toKeptOut)].sort(
        (one, other) => other.blockedAtMs - one.blockedAtMs,
      ),
    onBlocked(listener) {
      blockedPeople.onBlocked(listener)
      provisioned.onChanged(({ keepsOut }) => keepsOut && listener())
    },
  }
}

function toKeptOut({ record, content }: UserResource): KeptOutPerson {
  const { userName, externalId } = content
  return {
    who: userName,
    userIds: externalId === undefined ? [] : [externalId],
    emails: addressesOf(content),
    reason: record.isDeleted ? 'deleted by SCIM' : 'deactivated by SCIM',
    blockedBy: 'SCIM',
    blockedAtMs: record.updatedAtMs,
    isByScim: true,
  }
}

function deactivated(): AccessError {
  return new AccessError(
    'person-blocked',
    'your account is deactivated, and you may do nothing on this gateway',
    { hint: 'ask whoever manages the accounts of your company; signing in again does not help' },
  )
}
