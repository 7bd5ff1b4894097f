import { Anchor, Button, Group, Loader, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useId, useRef, useState, type ReactNode, type SyntheticEvent } from 'react'
import type { Problem } from '../../../desktop/wire/calls.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { DaemonFault } from '../call.ts'
import { useDaemon } from '../live.ts'
import { describe, faultAt } from '../problems.ts'
import { beginSignIn } from '../sign-in.ts'
import { TrustFields } from '../trust/trust-fields.tsx'
import { trustInputOf, trustKeys } from '../trust/trust-form.ts'
import { webLink } from '../web-link.ts'
import { words } from '../words.ts'
import type { GatewayForm } from './remembered.ts'

const { load: said, signIn } = words

export interface GatewayStartProps {
  readonly form: GatewayForm
  readonly change: (form: GatewayForm) => void
  /** Somebody is signed in there now. */
  readonly ready: () => void
}

interface Waiting {
  readonly origin: string
  readonly url: string | undefined
  readonly isOpened: boolean
}

/** A gateway's address, and the sign-in there. What is wrong stands at its field, and nothing that was typed is lost. */
export function GatewayStart({ form, change, ready }: GatewayStartProps): ReactNode {
  const [isBusy, setBusy] = useState(false)
  const [problems, setProblems] = useState<readonly Problem[]>([])
  const [waiting, setWaiting] = useState<Waiting>()
  const field = useRef<HTMLInputElement>(null)
  const gatewaysId = useId()
  const { gateways } = useDaemon()
  const { gateway, trust } = form

  const fail = (found: readonly Problem[]): void => {
    setProblems(found)
    setWaiting(undefined)
    field.current?.focus()
  }
  const begin = async (): Promise<void> => {
    setBusy(true)
    setProblems([])
    try {
      const answer = await beginSignIn({ gateway: gateway.trim(), ...trustInputOf(trust) })
      if (answer.url === undefined) ready()
      else setWaiting({ ...answer, origin: answer.gateway, url: webLink(answer.url) })
    } catch (error) {
      fail(problemsOf(error))
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (gateway.trim() === '') fail([{ path: 'gateway', message: words.form.required }])
    else if (!isBusy) void begin()
  }
  return (
    <form noValidate onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          ref={field}
          label={said.gateway}
          description={said.gatewayHint}
          error={faultAt(problems, 'gateway')}
          value={gateway}
          required
          autoComplete="url"
          list={gatewaysId}
          onChange={({ currentTarget }) => change({ ...form, gateway: currentTarget.value })}
        />
        <datalist id={gatewaysId}>
          {gateways.map(({ origin }) => (
            <option key={origin} value={origin} />
          ))}
        </datalist>
        <details className="more" open={hasTrustFault(problems) || undefined}>
          <summary>{words.form.advanced}</summary>
          <TrustFields
            form={trust}
            change={(changed) => change({ ...form, trust: { ...trust, ...changed } })}
            faultOf={(key) => faultAt(problems, key)}
          />
        </details>
        {waiting === undefined ? (
          <div>
            <BusyButton type="submit" isBusy={isBusy}>
              {signIn.action}
            </BusyButton>
          </div>
        ) : (
          <WaitForSignIn
            waiting={waiting}
            ready={ready}
            fail={fail}
            stop={() => setWaiting(undefined)}
          />
        )}
      </Stack>
    </form>
  )
}

interface WaitProps {
  readonly waiting: Waiting
  readonly ready: () => void
  readonly fail: (problems: readonly Problem[]) => void
  readonly stop: () => void
}

/** The daemon tells how it goes with the sign-in in the other tab. */
function WaitForSignIn({
  waiting: { origin, url, isOpened },
  ready,
  fail,
  stop,
}: WaitProps): ReactNode {
  const gateway = useDaemon().gateways.find((one) => one.origin === origin)
  const wasUnderWay = useRef(false)
  const isUnderWay = gateway?.sign_in_url !== undefined
  const isSignedIn = gateway?.session === 'signed-in'
  const trouble = gateway?.trouble
  useEffect(() => {
    if (isSignedIn) ready()
    else if (wasUnderWay.current && !isUnderWay && trouble !== undefined)
      fail([{ path: 'gateway', ...trouble }])
    wasUnderWay.current = isUnderWay
    // Once for each change of how it stands.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [isSignedIn, isUnderWay, trouble])
  return (
    <div role="status">
      <Stack gap="xs">
        <Group gap="sm" wrap="nowrap">
          {isOpened && <Loader size="sm" aria-hidden />}
          <Text>{isOpened ? signIn.waiting : signIn.blocked}</Text>
        </Group>
        <Group gap="md">
          {url !== undefined && (
            <Anchor href={url} target="_blank" rel="noopener noreferrer" underline="always">
              {signIn.open} ({signIn.opensTab})
            </Anchor>
          )}
          <Button variant="default" size="compact-sm" onClick={stop}>
            {words.form.cancel}
          </Button>
        </Group>
      </Stack>
    </div>
  )
}

/** What is not said of a field is said of the gateway. */
function problemsOf(error: unknown): readonly Problem[] {
  if (!(error instanceof DaemonFault)) return [{ path: 'gateway', message: String(error) }]
  const { problems, message, hint } = error
  const own = problems.filter(
    ({ path }) => path === 'gateway' || hasTrustFault([{ path, message }]),
  )
  const others = problems.filter((problem) => !own.includes(problem))
  if (own.length > 0 && others.length === 0) return own
  const said =
    others.length === 0
      ? describe({ message, ...(hint !== undefined && { hint }) })
      : others.map(describe).join(' ')
  return [...own, { path: 'gateway', message: said }]
}

function hasTrustFault(problems: readonly Problem[]): boolean {
  return problems.some(({ path }) => trustKeys.some((key) => path === key))
}
