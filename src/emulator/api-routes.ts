import { randomUUID } from 'node:crypto';
import type { EmulatorAccount } from './account.js';
import { forPerson } from './bearer.js';
import type { AccountKind, MessageRecord } from './emulator-state.js';
import { apiError } from './error-answer.js';
import { publicId } from './fake-token.js';
import type { FakeWebex } from './fake-webex.js';
import { listPage } from './list-page.js';
import { jsonBody } from './read-body.js';
import type { EmulatorContext, Route } from './route.js';

const CREATED = '2026-01-01T08:00:00.000Z';

/** The rooms of the emulator: everybody of an organisation is in the same seven. */
const ROOMS = ['Welcome', 'Planning', 'Support', 'Design', 'Releases', 'Lunch', 'Archive'].map(
  (title, index) => ({
    id: publicId('ROOM', `fa4e0000-0000-4000-8000-0000000001${String(index).padStart(2, '0')}`),
    title,
    type: 'group',
    isLocked: false,
    lastActivity: CREATED,
    created: CREATED,
  }),
);

/** A few endpoints of the REST API: own identity, two paged lists, messages. */
export function apiRoutes(webex: FakeWebex): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/people/me',
      handle: forPerson(webex, 'spark:people_read', (context, person) => context.json(asPerson(person))),
    },
    {
      method: 'GET',
      path: '/v1/rooms',
      handle: forPerson(webex, 'spark:rooms_read', (context) => listPage(context, ROOMS)),
    },
    {
      method: 'GET',
      path: '/v1/memberships',
      handle: forPerson(webex, 'spark:memberships_read', (context, { orgId }) =>
        listPage(context, membershipsOf(webex, { orgId, roomId: context.req.query('roomId') }), {
          gap: true,
        }),
      ),
    },
    {
      method: 'GET',
      path: '/v1/messages',
      handle: forPerson(webex, 'spark:messages_read', (context) => {
        const inRoom = webex.state.messages.filter(({ roomId }) => roomId === context.req.query('roomId'));
        return listPage(context, inRoom.map(asMessage).reverse());
      }),
    },
    {
      method: 'POST',
      path: '/v1/messages',
      handle: forPerson(webex, 'spark:messages_write', (context, person) => post(webex, context, person)),
    },
  ];
}

function post(webex: FakeWebex, context: EmulatorContext, person: EmulatorAccount): Response {
  const body = jsonBody(context);
  const { roomId, text } = (body ?? {}) as Record<string, unknown>;
  if (typeof roomId !== 'string' || typeof text !== 'string') {
    return apiError(context, 400, 'A message needs a roomId and a text, as JSON.');
  }
  if (!ROOMS.some(({ id }) => id === roomId)) return apiError(context, 404, 'There is no such room.');
  const id = publicId('MESSAGE', randomUUID());
  const message = { id, roomId, personId: person.personId, text, created: webex.clock.now() };
  webex.state.messages.push(message);
  return context.json(asMessage(message));
}

function membershipsOf(
  webex: FakeWebex,
  { orgId, roomId }: { orgId: string; roomId: string | undefined },
): object[] {
  const rooms = roomId === undefined ? ROOMS : ROOMS.filter(({ id }) => id === roomId);
  const people = webex.users.filter((user) => user.orgId === orgId);
  return rooms.flatMap((room) =>
    people.map((user) => ({
      id: publicId('MEMBERSHIP', `${user.id}:${Buffer.from(room.id, 'base64').toString().slice(-36)}`),
      roomId: room.id,
      personId: user.personId,
      personEmail: user.email,
      personDisplayName: user.displayName,
      personOrgId: publicId('ORGANIZATION', user.orgId),
      isModerator: false,
      isMonitor: false,
      created: CREATED,
    })),
  );
}

/** The `type` of people/me (webex-facts 5.1, 6.3); what Webex says of a service app's machine account is not known. */
const TYPES: Record<AccountKind, string> = {
  person: 'person',
  bot: 'bot',
  guest: 'appuser',
  machine: 'bot',
};

function asPerson({ kind, personId, email, displayName, orgId }: EmulatorAccount): object {
  const [firstName = '', ...rest] = displayName.split(' ');
  return {
    id: personId,
    emails: [email],
    displayName,
    nickName: firstName,
    firstName,
    lastName: rest.join(' '),
    orgId: publicId('ORGANIZATION', orgId),
    created: CREATED,
    lastModified: CREATED,
    status: 'active',
    invitePending: false,
    loginEnabled: true,
    type: TYPES[kind],
  };
}

function asMessage({ created, ...message }: MessageRecord): object {
  return { ...message, roomType: 'group', created: new Date(created).toISOString() };
}
