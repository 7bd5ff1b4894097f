import { Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import '@mantine/core/styles/Checkbox.css'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode, type SyntheticEvent } from 'react'
import type { GatewayInput, RouteView } from '../../../desktop/wire/calls.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { sentence } from '../../ui/sentence.ts'
import { Empty } from '../../ui/states.tsx'
import { call, type DaemonFault } from '../call.ts'
import { TagsField } from '../tags-field.tsx'
import { originOf } from '../web-link.ts'
import { words } from '../words.ts'
import { useLoad } from './use-load.tsx'

const { load: said } = words

export interface RouteChoiceProps {
  readonly input: GatewayInput
  readonly tags: readonly string[]
  readonly changeTags: (tags: readonly string[]) => void
  /** Back to the gateway's address. */
  readonly back: () => void
}

/** The routes of a gateway where somebody is signed in, to choose those that become connections. */
export function RouteChoice({ input, ...more }: RouteChoiceProps): ReactNode {
  const query = useQuery<{ readonly routes: readonly RouteView[] }, DaemonFault>({
    queryKey: ['routes', input.gateway, input],
    queryFn: ({ signal }) => call('POST /gateways/routes', { input, signal }),
    staleTime: Infinity,
  })
  return (
    <Stack gap="md">
      <QueryView what={said.what} query={query}>
        {({ routes }) => <Routes input={input} routes={routes} {...more} />}
      </QueryView>
      <div>
        <Button variant="subtle" size="compact-sm" onClick={more.back}>
          {said.other}
        </Button>
        <Button variant="subtle" size="compact-sm" onClick={() => void query.refetch()}>
          {said.again}
        </Button>
      </div>
    </Stack>
  )
}

interface RoutesProps extends RouteChoiceProps {
  readonly routes: readonly RouteView[]
}

function Routes({ input, routes, tags, changeTags }: RoutesProps): ReactNode {
  const choosable = routes.filter(
    ({ is_usable: isUsable, destination }) => isUsable && destination !== undefined,
  )
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [isTried, setTried] = useState(false)
  const { load, isBusy, fault } = useLoad(input)
  if (routes.length === 0) return <Empty title={said.noRoutes}>{said.noRoutesNext}</Empty>
  const chosen = choosable.filter(({ id }) => !left.has(id))
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(left)
    if (isChosen) next.delete(id)
    else next.add(id)
    setLeft(next)
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    setTried(true)
    if (chosen.length > 0 && !isBusy)
      void load(
        chosen.map(({ id }) => id),
        tags,
      )
  }
  const fault0 = isTried && chosen.length === 0 ? said.chooseOne : fault
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <h2 className="plain">{said.routes(originOf(input.gateway) ?? input.gateway)}</h2>
          <Group gap="xs">
            <Text size="sm" c="dimmed" role="status">
              {said.chosen(chosen.length, choosable.length)}
            </Text>
            <Button variant="default" size="compact-sm" onClick={() => setLeft(new Set())}>
              {said.chooseAll}
            </Button>
            <Button
              variant="default"
              size="compact-sm"
              onClick={() => setLeft(new Set(choosable.map(({ id }) => id)))}
            >
              {said.chooseNone}
            </Button>
          </Group>
        </Group>
        <ul className="routes">
          {routes.map((route) => (
            <li key={route.id}>
              <RouteLine
                route={route}
                isChosen={chosen.includes(route)}
                choose={(isChosen) => choose(route.id, isChosen)}
              />
            </li>
          ))}
        </ul>
        <TagsField value={tags} onChange={changeTags} description={said.tagsHint} />
        {fault0 !== undefined && (
          <Text role="alert" c="red" className="fault">
            {fault0}
          </Text>
        )}
        <div>
          <BusyButton type="submit" isBusy={isBusy}>
            {said.connect}
          </BusyButton>
        </div>
      </Stack>
    </form>
  )
}

interface RouteLineProps {
  readonly route: RouteView
  readonly isChosen: boolean
  readonly choose: (isChosen: boolean) => void
}

function RouteLine({ route, isChosen, choose }: RouteLineProps): ReactNode {
  const { name, destination, is_usable: isUsable } = route
  return (
    <Checkbox
      label={name}
      description={explain(route)}
      checked={isChosen}
      disabled={!isUsable || destination === undefined}
      onChange={({ currentTarget }) => choose(currentTarget.checked)}
    />
  )
}

function explain(route: RouteView): string {
  const { description, destination, connection, is_usable: isUsable, why, contact } = route
  return [
    ...(destination === undefined ? [] : [destination]),
    ...(description === '' ? [] : [description]),
    ...(connection === undefined ? [] : [said.already]),
    ...(isUsable ? [] : [why ? sentence(why) : said.notUsable]),
    ...(isUsable || !contact ? [] : [said.contact(contact)]),
    ...(isUsable && destination === undefined ? [said.notTcp] : []),
  ].join(' · ')
}
