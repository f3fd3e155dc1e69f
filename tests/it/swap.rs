//! The swap and the reverse: who owns the name, what the application sees, what is given back.

use quarterdeck::ops::{
    abort, foreign_keys,
    swap::{Holder, holder},
};

use crate::{
    exchange::rig::{PATIENCE, Rig, TABLE},
    support::{on_each_server, schema::objects, schema::schema_dump},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_names_go_there_and_back_and_nothing_is_left() {
    on_each_server(async |server| {
        let db = server.database("there_and_back").await;
        let rig = Rig::planned(db).await;
        let before = (schema_dump(&rig.db, TABLE).await, objects(&rig.db).await);
        drop(rig);
        let mut rig = Rig::ready(server.database("there_and_back").await).await;
        assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Source);

        for _ in 0..2 {
            let swapped = rig.swap().await.unwrap();
            assert_eq!(swapped.exposed, []);
            assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Twin);
            rig.settle().await;
            assert_eq!(
                rig.db.value(&format!("SELECT relkind FROM pg_class WHERE oid = '{TABLE}'::regclass")).await,
                "p"
            );
            rig.reverse().await.unwrap();
            assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Source);
            rig.settle().await;
        }

        let leaves = rig.leaf_names();
        let keys = foreign_keys::Keys {
            scheme: &rig.scheme,
            leaves: &leaves,
            fence: &rig.fence,
            patience: PATIENCE,
        };
        keys.restore(&mut rig.session, &mut |_| ()).await.unwrap();
        abort::abort(&mut rig.session, &rig.fence, &rig.scheme, PATIENCE, &mut |_| ()).await.unwrap();
        let after = (schema_dump(&rig.db, TABLE).await, objects(&rig.db).await);
        assert_eq!(before.0, after.0);
        assert_eq!(before.1, after.1);
    })
    .await;
}
