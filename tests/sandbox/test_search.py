"""Stripe's search language."""

import unittest

from sandbox import Sandbox


def setUpModule():
    global box, ada, bob, eve
    box = Sandbox().up()
    ada = box.customer(email='Ada@Example.com', name='Ada Lovelace',
                       metadata={'plan': 'pro', 'say "hi"': 'x'})
    bob = box.customer(email='bob@example.com', name="Bob O'Hara",
                       metadata={'plan': 'basic'})
    eve = box.customer(email='eve@elsewhere.org', phone='+441')


def tearDownModule():
    box.down()


def find(query, what='customers', **more):
    return box.get(f'/v1/{what}/search', {'query': query, **more})


def ids(query, what='customers'):
    return [o['id'] for o in find(query, what).json['data']]


class Language(unittest.TestCase):
    def test_texts_are_equal_whatever_their_case(self):
        self.assertEqual(ids('email:"ada@example.com"'), [ada])
        self.assertEqual(ids("email:'ada@example.com'"), [ada])
        self.assertEqual(ids('name:"ada"'), [])
        self.assertEqual(ids('name:"Bob O\'Hara"'), [bob])

    def test_a_part_is_enough_with_a_tilde(self):
        self.assertEqual(ids('email~"example"'), [bob, ada])
        self.assertEqual(ids('name~"LOVE"'), [ada])
        answer = find('name~"ad"')
        self.assertEqual((answer.status, answer.error['param']),
                         (400, 'query'))

    def test_metadata_is_searched_by_key(self):
        self.assertEqual(ids('metadata["plan"]:"pro"'), [ada])
        self.assertEqual(ids('-metadata["plan"]:"pro"'), [eve, bob])
        self.assertEqual(ids('metadata["plan"]:null'), [eve])
        self.assertEqual(ids('-metadata["plan"]:null'), [bob, ada])
        self.assertEqual(ids(r'metadata["say \"hi\""]:"x"'), [ada])

    def test_clauses_are_joined_one_way(self):
        self.assertEqual(
            ids('email~"example" AND metadata["plan"]:"basic"'), [bob])
        self.assertEqual(
            ids('email~"example" metadata["plan"]:"basic"'), [bob])
        self.assertEqual(
            ids('metadata["plan"]:"basic" OR phone:"+441"'), [eve, bob])
        mixed = find('email~"example" AND name:"x" OR name:"y"')
        self.assertEqual(mixed.status, 400)

    def test_what_cannot_be_read_is_refused(self):
        for query in ('', ' ', 'ada', 'email', 'email:', 'email:"ada',
                      ':"x"', 'metadata:"x"', 'metadata["a":"x"',
                      'shoe:"41"', 'created:"soon"', 'created>null',
                      'created~"170"', 'email>"a"', 'email:"a" AND',
                      ' AND '.join(['phone:"1"'] * 11)):
            with self.subTest(query=query):
                answer = find(query)
                self.assertEqual(answer.status, 400)
                self.assertEqual(
                    answer.error['type'], 'invalid_request_error')
                self.assertEqual(answer.error['param'], 'query')
        self.assertEqual(
            box.get('/v1/customers/search').error['code'],
            'parameter_missing')


class Objects(unittest.TestCase):
    def test_intents_are_found_by_amount_status_and_time(self):
        made = box.intent(amount=700, metadata={'vantage_order': 'o1'})
        paid = box.pay(amount=800).json
        found = ids('amount>=700 AND amount<800', 'payment_intents')
        self.assertEqual(found, [made['id']])
        self.assertEqual(
            ids('metadata["vantage_order"]:"o1"', 'payment_intents'),
            [made['id']])
        self.assertEqual(ids('status:"succeeded" amount:800',
                             'payment_intents'), [paid['id']])
        self.assertIn(paid['id'], ids(
            f"created>{paid['created'] - 1}", 'payment_intents'))
        self.assertNotIn(paid['id'], ids(
            f"created<\"{paid['created']}\"", 'payment_intents'))

    def test_charges_are_found_by_card_and_refund(self):
        paid = box.pay(amount=1234).json
        self.assertEqual(ids(
            'payment_method_details.card.last4:4242 AND amount=1234',
            'charges'), [paid['latest_charge']])
        self.assertEqual(
            ids('refunded:"true" amount:1234', 'charges'), [])
        box.post('/v1/refunds', {'payment_intent': paid['id']})
        self.assertEqual(ids('refunded:"true" amount:1234', 'charges'),
                         [paid['latest_charge']])

    def test_a_deleted_customer_is_not_found(self):
        gone = box.customer(email='gone@example.net')
        box.call('DELETE', f'/v1/customers/{gone}')
        self.assertEqual(ids('email:"gone@example.net"'), [])


class Pages(unittest.TestCase):
    def test_they_follow_each_other(self):
        made = [box.intent(amount=5000 + n)['id'] for n in range(5)]
        query = 'amount>=5000 AND amount<5100'
        seen, page = [], {}
        while True:
            answer = find(query, 'payment_intents', limit=2,
                          expand=['total_count'], **page).json
            self.assertEqual(answer['object'], 'search_result')
            self.assertEqual(answer['url'], '/v1/payment_intents/search')
            self.assertEqual(answer['total_count'], 5)
            seen += [o['id'] for o in answer['data']]
            self.assertEqual(answer['has_more'], bool(answer['next_page']))
            if not answer['has_more']:
                break
            page = {'page': answer['next_page']}
        self.assertEqual(seen, made[::-1])
        wrong = find(query, 'payment_intents', page='-')
        self.assertEqual(wrong.error['param'], 'page')

    def test_what_is_found_is_expanded(self):
        box.pay(amount=6000, customer=ada)
        found = find('amount:6000', 'charges', expand=['data.customer']).json
        self.assertEqual(found['data'][0]['customer']['id'], ada)
        self.assertNotIn('total_count', found)
        self.assertEqual(find('amount:6000', 'charges', expand=['customer'])
                         .status, 400)


if __name__ == '__main__':
    unittest.main()
