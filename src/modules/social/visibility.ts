export type Visibility = 'EVERYONE' | 'FRIENDS' | 'NOBODY'

export interface VisibilitySettings {
  visibility: Visibility
  /** Shown to nobody for now, whatever the visibility says. */
  ghost: boolean
}

/** Who may find a person at this moment: what the settings come to. */
export type Audience = Visibility

export const defaultSettings: VisibilitySettings = { visibility: 'EVERYONE', ghost: false }

export const audienceFor = ({ visibility, ghost }: VisibilitySettings): Audience => (ghost ? 'NOBODY' : visibility)

/** Friendship has its place here, and does not exist yet: nobody has friends. */
export const areFriends = (_personId: string, _otherId: string): boolean => false

/** The one rule of who may be shown whom. `apart` are those whom a block keeps from the viewer, whoever of them set it. */
export function maySee(viewerId: string, apart: ReadonlySet<string>, personId: string, audience: Audience): boolean {
  if (personId === viewerId) return true
  if (apart.has(personId)) return false
  return audience === 'EVERYONE' || (audience === 'FRIENDS' && areFriends(viewerId, personId))
}
