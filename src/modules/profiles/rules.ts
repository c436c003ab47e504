import { BadUserInputError } from '../../platform/errors.ts'
import { checkedText } from '../../platform/text.ts'

/** What a person tells of themselves, as it is kept. */
export interface ProfileFields {
  /** Empty: the username is shown. */
  displayName: string
  bio: string
  campusId: string | null
  major: string
  graduationYear: number | null
  passions: string[]
}

/** What is not named stays as it is; null clears. */
export type ProfileChanges = { [Name in keyof ProfileFields]?: ProfileFields[Name] | null | undefined }

const years = { min: 1900, max: 2100 }
const mostPassions = 8

/** Of what is named, what people read, as it may be kept: in one order, and from there back. */
export function textsOf({ displayName, bio, major, passions }: ProfileChanges): string[] {
  const single = [displayName && checkedName(displayName), bio && checkedBio(bio), major && checkedMajor(major)]
  return [...single.filter((text): text is string => Boolean(text)), ...(passions ? checkedPassions(passions) : [])]
}

export function withTexts(changes: ProfileChanges, kept: readonly string[]): ProfileChanges {
  const rest = [...kept]
  const take = (text: string | null | undefined) => (text ? (rest.shift() ?? text) : text)
  const { displayName, bio, major, passions } = changes
  const single = { displayName: take(displayName), bio: take(bio), major: take(major) }
  return { ...changes, ...single, passions: passions?.map((text) => rest.shift() ?? text) ?? passions }
}

/** The fields with the changes over them, each in its limits. The campus is checked by whoever knows campuses. */
export function changedProfile(fields: ProfileFields, changes: ProfileChanges): ProfileFields {
  const { displayName, bio, campusId, major, graduationYear, passions } = changes
  return {
    displayName: taken(displayName, fields.displayName, '', (text) => checkedName(text)),
    bio: taken(bio, fields.bio, '', checkedBio),
    campusId: taken(campusId, fields.campusId, null, (id) => id),
    major: taken(major, fields.major, '', checkedMajor),
    graduationYear: taken(graduationYear, fields.graduationYear, null, checkedYear),
    passions: taken(passions, fields.passions, [], checkedPassions),
  }
}

export const checkedName = (text: string) => checkedText(text, { min: 1, max: 64, field: 'displayName' })

const checkedBio = (text: string) => checkedText(text, { min: 0, max: 500, field: 'bio', lines: true })
const checkedMajor = (text: string) => checkedText(text, { min: 0, max: 80, field: 'major' })

function taken<Value, Given extends Value>(
  given: Given | null | undefined,
  before: Value,
  cleared: Value,
  check: (given: Given) => Value,
): Value {
  if (given === undefined) return before
  return given === null ? cleared : check(given)
}

function checkedYear(year: number): number {
  if (year >= years.min && year <= years.max) return year
  throw new BadUserInputError(`\`graduationYear\` is ${years.min} to ${years.max}.`, 'graduationYear')
}

function checkedPassions(given: readonly string[]): string[] {
  const refuse = (what: string) => new BadUserInputError(`\`passions\` ${what}.`, 'passions')
  if (given.length > mostPassions) throw refuse(`are at most ${mostPassions}`)
  const passions = given.map((text) => checkedText(text, { min: 2, max: 40, field: 'passions' }))
  // Upper case first: what is written with ß or ς has two ways down and one way up.
  const distinct = new Set(passions.map((text) => text.toUpperCase().toLowerCase()))
  if (distinct.size < passions.length) throw refuse('are all different, whatever their case')
  return passions
}
