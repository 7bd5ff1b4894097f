import { Button, Group, Paper, Radio, Stack, Text, Title } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { formatMoment } from '../../ui/format.ts'
import { allKeys, formOfKeys, type KeptForm, type SavedForm } from './kept-form.ts'
import { withKey } from './body.ts'
import './documents.css'
import { mergeBodies, type Clash } from './merge.ts'
import { formatYaml } from './yaml-text.ts'

export interface ConflictProps {
  /** What these changes began with. */
  readonly base: SavedForm
  readonly mine: KeptForm
  /** What somebody else has saved since. */
  readonly theirs: SavedForm
  /** Goes on with both in one. */
  readonly onMerged: (form: KeptForm) => void
  readonly onDiscard: () => void
}

/** Of its title, which takes the keyboard when somebody is led there. */
export const conflictId = 'conflict'

type Choice = 'mine' | 'theirs'

/** Two administrators changed the same: both forms beside each other, and what becomes of each key that differs. */
export function Conflict({ base, mine, theirs, onMerged, onDiscard }: ConflictProps): ReactNode {
  const [choices, setChoices] = useState<Readonly<Record<string, Choice>>>({})
  const merged = mergeBodies(allKeys(base), allKeys(mine), allKeys(theirs))
  const isDecided = merged.clashes.every(({ key }) => choices[key] !== undefined)
  const merge = (): void => {
    const body = merged.clashes
      .filter(({ key }) => choices[key] === 'mine')
      .reduce((made, clash) => withKey(made, clash.key, clash.mine), merged.body)
    onMerged(formOfKeys(body))
  }
  return (
    <Paper className="card notice" p="md" component="section" aria-labelledby={conflictId}>
      <Stack gap="md">
        <div>
          <Title order={2} id={conflictId} tabIndex={-1}>
            Changed by somebody else meanwhile
          </Title>
          <Text>{describeTheirs(theirs)} Nothing of yours is lost: bring both together.</Text>
        </div>
        {merged.clashes.map((clash) => (
          <ClashChoice
            key={clash.key}
            clash={clash}
            choice={choices[clash.key]}
            choose={(choice) => setChoices({ ...choices, [clash.key]: choice })}
          />
        ))}
        <Understood title="Yours alone, kept" keys={merged.kept} />
        <Understood title="Theirs alone, taken over" keys={merged.taken} />
        <Group gap="sm">
          <Button disabled={!isDecided} onClick={merge}>
            Go on with both
          </Button>
          <Button variant="default" onClick={onDiscard}>
            Discard mine
          </Button>
        </Group>
      </Stack>
    </Paper>
  )
}

function describeTheirs({ updatedBy, updatedAt }: SavedForm): string {
  const who = updatedBy ?? 'Somebody'
  const when = updatedAt === null ? '' : ` at ${formatMoment(new Date(updatedAt))}`
  return `${who} saved another form${when}.`
}

interface ClashChoiceProps {
  readonly clash: Clash
  readonly choice: Choice | undefined
  readonly choose: (choice: Choice) => void
}

function ClashChoice({ clash, choice, choose }: ClashChoiceProps): ReactNode {
  const { key, base, mine, theirs } = clash
  return (
    <Radio.Group
      label={`Both changed “${key}”`}
      description={`It was: ${shownBriefly(base)}`}
      inputWrapperOrder={['label', 'description', 'input', 'error']}
      value={choice ?? null}
      onChange={(value) => choose(value)}
    >
      <div className="conflict-sides">
        <Side value="mine" label="Mine" shown={mine} />
        <Side value="theirs" label="Theirs" shown={theirs} />
      </div>
    </Radio.Group>
  )
}

interface SideProps {
  readonly value: Choice
  readonly label: string
  readonly shown: unknown
}

function Side({ value, label, shown }: SideProps): ReactNode {
  return (
    <div className="conflict-side">
      <Radio value={value} label={label} />
      <pre>{shown === undefined ? '(left out)' : formatYaml(shown)}</pre>
    </div>
  )
}

function shownBriefly(value: unknown): string {
  return value === undefined ? 'left out' : JSON.stringify(value).slice(0, 120)
}

function Understood({
  title,
  keys,
}: {
  readonly title: string
  readonly keys: readonly string[]
}): ReactNode {
  if (keys.length === 0) return null
  return (
    <Text size="sm" c="dimmed">
      {title}: {keys.join(', ')}
    </Text>
  )
}
