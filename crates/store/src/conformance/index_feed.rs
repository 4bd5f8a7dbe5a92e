//! What indices in memory are made from and kept current with.

use omp_model::{NewUser, Principal, UserName};

use super::{BY, NOW, OWNER, memory, within};
use crate::Store;

/// Asked for together, the memories of rows and the position are what they are by themselves.
pub async fn memories_come_with_the_position_of_their_moment(store: &dyn Store) {
    let empty = store.index_position(OWNER).await.expect("read");
    assert_eq!(store.position_and_memories(OWNER, &[]).await.expect("read"), (empty.clone(), Vec::new()));

    for number in 0..5 {
        let memory = within(memory(number, &format!("tea number {number}")), "kitchen");
        store.create_memory(&BY, &memory, NOW).await.expect("created");
    }
    let rows = store.index_rows(OWNER, 0, 10, None).await.expect("read");
    let [first, second, third, ..] = [0, 1, 2].map(|at: usize| rows[at].pk);
    store.delete_memory(&BY, rows[1].memory.id, NOW).await.expect("deleted");

    let asked = [third, first, second, third + 1_000];
    let (position, memories) = store.position_and_memories(OWNER, &asked).await.expect("read");
    assert_eq!(position, store.index_position(OWNER).await.expect("read"));
    assert!(position.seq > empty.seq && position.memories == 4, "{position:?}");
    assert_eq!(memories, store.memories_by_pk(OWNER, &asked, false).await.expect("read"));
    assert_eq!(memories, [(third, rows[2].memory.clone()), (first, rows[0].memory.clone())]);

    // Somebody else's rows are not there.
    let new = NewUser { name: UserName::new("other").expect("fits"), admin: false };
    let other =
        Principal::everything(store.create_user(&BY, &new, NOW).await.expect("ran").expect("a free name"));
    store.create_memory(&other, &memory(9, "theirs"), NOW).await.expect("created");
    let theirs = store.index_rows(other.owner, 0, 10, None).await.expect("read")[0].pk;
    assert_eq!(store.position_and_memories(OWNER, &[theirs]).await.expect("read"), (position, Vec::new()));
    let (_, found) = store.position_and_memories(other.owner, &[first, theirs]).await.expect("read");
    assert_eq!(found.iter().map(|(pk, _)| *pk).collect::<Vec<_>>(), [theirs]);
}
